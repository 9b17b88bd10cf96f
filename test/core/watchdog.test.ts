import { beforeAll, expect, test } from "bun:test";
import { buildOnce, startBinary } from "../support/binary.ts";
import { createFolder } from "../support/folder.ts";

beforeAll(buildOnce, 60_000);

test("Watchdog names the controller and the event that hold the event loop, and says when it turns again", async () => {
  using folder = createFolder({
    "busy.ts": `
      export const get = () => ({ webSocket: {} });
      export const webSocketEvent = ({ type, message }: any): void => {
        if (type !== "message") return;
        const end = performance.now() + Number(message);
        while (performance.now() < end);
      };
    `,
  });
  await using server = await startBinary(["."], { cwd: folder.path });
  using session = await server.open("/busy");
  session.send("1700");
  const held = await server.logged("The event loop has been held for");
  expect(held).toMatchObject({ level: "ERROR", running: "the controller of /busy in message" });
  expect(held.message).toMatch(/held for 1\.\d s by the controller of \/busy in message$/);
  const again = await server.logged("The event loop turns again: it was held for");
  expect(again["heldMs"]).toBeGreaterThan(1500);
});
