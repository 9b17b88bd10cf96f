import { expect, test } from "bun:test";
import { startServer } from "./support/server.ts";

test("echo", async () => {
  await using server = await startServer({
    "echo.ts": `import { send } from "hubbub"; export const get = (r: any) => ({ webSocket: {} }); export const webSocketEvent = (e: any) => { if (e.type === "message") send(e.session.id, e.message); };`,
  });
  using session = await server.open("/echo");
  session.send("hello");
  expect(await session.next()).toBe("hello");
});
