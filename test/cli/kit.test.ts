import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { readKit, unpackKit } from "../../src/cli/kit.ts";
import { listModules } from "../../src/controllers/modules.ts";
import { createFolder } from "../support/folder.ts";

/** Uses every module that a controller can import, and the runtime. */
const controller = `
import { addToGroup, type ControllerRequest, defineController, send, type SessionEvent } from "hubbub";
import { jwt } from "hubbub/auth";
import * as enonic from "/lib/xp/websocket";
import { Hono } from "hono";
import { cors } from "hono/cors";
import { html } from "hono/html";
import * as v from "valibot";

const auth = jwt({ secret: Bun.env["SECRET"] });
const app = new Hono().use(cors()).get("/", (c) => c.html(html\`<p>\${c.req.path}</p>\`));
export const answer = (request: ControllerRequest): Response | Promise<Response> => app.fetch(request.raw);
export const heard = (event: SessionEvent): boolean => enonic.send(event.session.id, process.uptime());
export default defineController({
  get: auth(({ user }) => ({ webSocket: { data: { name: user.sub } } })),
  message: v.object({ text: v.string() }),
  onMessage({ session, message, data }) {
    addToGroup("all", session.id);
    send(session.id, message.text.toUpperCase() + String(data.name?.length));
  },
});
`;

async function check(text: string, { skipLibCheck = true } = {}): Promise<string> {
  const tsconfig = { extends: "./.hubbub/tsconfig.json", compilerOptions: { skipLibCheck } };
  using folder = createFolder({ "tsconfig.json": JSON.stringify(tsconfig), "a.ts": text });
  await unpackKit("types", folder.path);
  const child = Bun.spawn([process.execPath, "check"], { cwd: folder.path, stdout: "pipe", stderr: "pipe" });
  return (await child.stdout.text()) + (await child.stderr.text());
}

test("unpackKit() gives a folder the types of everything that a controller imports", async () => {
  expect(await check(controller, { skipLibCheck: false })).toMatch(/^✓ No type errors in /);
});

test("the types of the kit refuse what the server would", async () => {
  const wrong = `import { send, sendAll } from "hubbub";\nimport "hono/ws";\nsend(1, "x");\n`;
  expect(await check(wrong)).toMatch(
    /a\.ts\(1,16\): error TS2305.*sendAll[^]*a\.ts\(2,8\): error TS2882[^]*a\.ts\(3,6\): error TS2345/,
  );
});

test("the types of the kit name every module that the server gives to controllers", async () => {
  const lines = listModules().map((name, index) => `import * as m${index} from "${name}";\nexport { m${index} };\n`);
  expect(await check(lines.join(""))).toMatch(/^✓ No type errors in /);
});

test("the server of the kit runs from where it was unpacked, with nothing around it", async () => {
  using folder = createFolder();
  await unpackKit("server", folder.path);
  expect(readdirSync(folder.path).sort()).toEqual(["node_modules", "package.json", "src"]);
  const child = Bun.spawn([process.execPath, "src/main.ts", "version"], { cwd: folder.path, stdout: "pipe" });
  expect(await child.stdout.text()).toStartWith("hubbub ");
});

test("readKit() gives less than a megabyte a part", async () => {
  expect((await readKit("types")).length).toBeLessThan(1_000_000);
  expect((await readKit("server")).length).toBeLessThan(1_000_000);
});
