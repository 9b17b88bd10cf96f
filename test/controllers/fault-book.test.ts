import { afterEach, expect, test } from "bun:test";
import { FaultBook } from "../../src/controllers/fault-book.ts";
import { startServer, stopServers, type TestServer } from "../support/server.ts";
import { waitFor } from "../support/session.ts";

let stop = () => {};

afterEach(async () => {
  stop();
  await stopServers();
});

/** The faults of a server with these controllers; the time is the number of the fault. */
async function watchFaults(files: Record<string, string>): Promise<{ server: TestServer; book: FaultBook }> {
  const server = await startServer(files, { watch: "false" });
  let time = 0;
  const book = new FaultBook({
    folder: server.folder.path,
    generation: () => server.app.generationNumber,
    now: () => (time += 1),
  });
  book.start();
  stop = () => book.stop();
  return { server, book };
}

const talk = `export const get = ({ params }) => { if (params.no) throw new Error("no"); return { webSocket: {} }; };
export function webSocketEvent({ type, message }) {
  if (type !== "message") return;
  if (message === "late") setTimeout(() => { throw new Error("late") }, 0);
  else help(message);
}
`;

test("FaultBook has the last fault of each controller, with the code around it", async () => {
  const { server, book } = await watchFaults({
    "talk.js": `import { help } from "./lib/help.js";\n${talk}`,
    "lib/help.js": `// one\n// two\nexport function help(text) {\n  JSON.parse(text);\n}\n`,
  });
  expect((await server.fetch("/talk?no=1")).status).toBe(500);
  expect(book.list()).toMatchObject([
    { controller: "talk.js", generation: 1, place: { file: "talk.js", line: 2 }, count: 1 },
  ]);
  using one = await server.open("/talk");
  one.send("{");
  await one.closed;
  const [fault] = book.list();
  expect(fault).toMatchObject({
    controller: "talk.js",
    at: 2,
    text: expect.stringContaining('Controller "talk.js" failed in message at lib/help.js:4:8: JSON Parse error'),
    detail: expect.stringContaining("at help ("),
    place: { file: "lib/help.js", line: 4 },
    count: 1,
  });
  expect(fault?.frame).toEqual([
    { number: 1, text: "// one" },
    { number: 2, text: "// two" },
    { number: 3, text: "export function help(text) {" },
    { number: 4, text: "  JSON.parse(text);" },
    { number: 5, text: "}" },
    { number: 6, text: "" },
  ]);
  using two = await server.open("/talk");
  two.send("{");
  await two.closed;
  expect(book.list()).toMatchObject([{ at: 3, count: 2 }]);
  using three = await server.open("/talk");
  three.send("late");
  await waitFor(() => book.list()[0]?.text.includes("late") === true, "late fault");
  expect(book.list()).toMatchObject([{ controller: "talk.js", place: { line: 5 }, count: 1 }]);
});

test("FaultBook has why a generation was refused, as the file was", async () => {
  const { server, book } = await watchFaults({ "a.js": "export const get = () => ({});\n", "b.js": talk });
  server.folder.write({ "a.js": "export const get = () => ({});\nlet x = ;\n" });
  await server.app.reload();
  server.folder.write({ "a.js": "mended" });
  expect(book.list()).toMatchObject([
    {
      controller: "a.js",
      generation: 1,
      text: expect.stringContaining('Cannot load controller "a.js"'),
      place: { file: "a.js", line: 2 },
      frame: [{ text: "export const get = () => ({});" }, { text: "let x = ;" }, { text: "" }],
    },
  ]);
});
