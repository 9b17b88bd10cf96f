import { beforeAll, expect, test } from "bun:test";
import { buildOnce, serveFiles } from "../support/binary.ts";
import { withPatience } from "../support/session.ts";
import { expectAlive, witness } from "../support/witness.ts";

/** `/keep` keeps so many MB for ever, as bytes or as objects; `/block` holds the event loop for so many milliseconds. */
const controllers = {
  ...witness,
  "keep.js": `
const kept = [];
const make = {
  bytes: () => new Uint8Array(1e6).fill(1),
  objects: () => Array.from({ length: 20_000 }, (_, number) => ({ number, text: "kept " + number })),
};
export const get = ({ params: { what, count } }) => {
  for (let left = Number(count); left > 0; left -= 1) kept.push(make[what]());
  return { body: kept.length };
};`,
  "block.js": `
import { send } from "hubbub";
export const get = () => ({ webSocket: {} });
export const webSocketEvent = ({ type, session, message }) => {
  if (type !== "message") return;
  const until = performance.now() + Number(message);
  while (performance.now() < until);
  send(session.id, "done");
};`,
};

beforeAll(buildOnce, 60_000);

/** Enough to run, and little enough to run out of. */
const limited = ["prlimit", "--data=600000000"];

test("a controller that allocates more than there is gets an exception, and nobody else notices", async () => {
  await using server = await serveFiles(controllers, ["--no-watch"], { prefix: limited });
  using session = await server.open("/echo");
  let status = 200;
  for (let round = 0; status === 200 && round < 50; round += 1)
    ({ status } = await server.fetch("/keep?what=bytes&count=20"));
  expect(status).toBe(500);
  await server.logged('Controller "keep.js" failed to answer GET /keep');
  session.send("still here");
  expect(await session.next()).toBe("still here");
  await expectAlive(server);
});

test("a process whose memory is at its end ends with a failure, so that it is started again", async () => {
  await using server = await serveFiles(controllers, ["--no-watch"], { prefix: limited });
  using session = await server.open("/echo");
  let isOver = false;
  for (let round = 0; !isOver && round < 200; round += 1) {
    isOver = await server.fetch("/keep?what=objects&count=40").then(
      () => false,
      () => true,
    );
  }
  expect(await withPatience(server.exited, "end of the process")).not.toBe(0);
  expect(await session.closed).toHaveProperty("code", 1006);
}, 30_000);

test("a controller that holds the event loop for longer than the timeout ends no session, and is named", async () => {
  const flags = ["--timeout", "2", "--ping", "1", "--max-message-rate", "10", "--no-watch"];
  await using server = await serveFiles(controllers, flags);
  const sessions = await Promise.all(Array.from({ length: 20 }, () => server.open("/echo")));
  using blocking = await server.open("/block");
  blocking.send("3500");
  await server.logged("The event loop has been held for");
  for (const session of sessions) for (let sent = 0; sent < 100; sent += 1) session.send(String(sent));
  expect(await blocking.next()).toBe("done");
  for (const session of sessions) {
    for (let sent = 0; sent < 100; sent += 1) expect(await session.next()).toBe(String(sent));
  }
  await expectAlive(server);
  for (const session of sessions) session.close(4000);
  for (const { closed } of sessions) expect(await closed).toHaveProperty("code", 4000);
  const held = server.log().filter(({ level }) => level === "ERROR");
  expect(held[0]?.message).toMatch(
    /^The event loop has been held for 1\.\d s by the controller of \/block in message$/,
  );
}, 15_000);
