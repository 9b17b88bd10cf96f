import { expect, test } from "bun:test";
import { formatFrame, openRaw } from "../support/raw.ts";
import { startServer } from "../support/server.ts";
import { waitFor } from "../support/session.ts";

const files = {
  "a.js": `import { addToGroup, close, getGroupSize, send, sendToGroup } from "hubbub";
export const get = ({ webSocket }) => (webSocket ? { webSocket: {} } : { body: String(getGroupSize("all")) });
export const webSocketEvent = ({ type, session: { id }, message }) => {
  if (type === "open") addToGroup("all", id);
  if (message === "one") send(id, "1");
  if (message === "all") sendToGroup("all", "2", { coalesce: 0 });
  if (message === "others") sendToGroup("all", "3", { except: id, coalesce: 0 });
  if (message === "nobody") { send("nobody", "4"); sendToGroup("empty", "5"); }
  if (message === "close") { close(id, 4000); send(id, "6"); }
  if (message === "fail") throw new Error("as asked");
};`,
};

test("Metrics counts each message once for each session that it is sent to", async () => {
  await using server = await startServer(files);
  const { metrics } = server.app;
  using ada = await server.open("/a");
  using bob = await server.open("/a");
  using eve = await server.open("/a");
  for (const text of ["one", "all", "others", "nobody", "one"]) ada.send(text);
  for (const text of ["1", "2", "1"]) expect(await ada.next()).toBe(text);
  for (const text of ["2", "3"]) expect(await bob.next()).toBe(text);
  for (const text of ["2", "3"]) expect(await eve.next()).toBe(text);
  expect(metrics).toMatchObject({ messagesReceived: 5, messagesSent: 1 + 3 + 2 + 1, sessionsOpened: 3 });
  expect(metrics.sessionsClosed.size).toBe(0);
});

test("Metrics counts each end once by the code that the session saw, and what is open returns to nothing", async () => {
  await using server = await startServer(files, { "max-message": "1KiB" });
  const { app } = server;
  const left = await server.open("/a");
  left.close(1000);
  const noCode = await server.open("/a");
  noCode.close();
  for (const text of ["close", "fail", "x".repeat(1025)]) {
    const session = await server.open("/a");
    session.send(text);
    await session.closed;
  }
  for (let n = 0; n < 3; n += 1) (await openRaw(server.url("/a"))).reset();
  const broken = await openRaw(server.url("/a"));
  broken.socket.write(formatFrame(3, "x"));
  await waitFor(() => app.sessionCount === 0, "end of every session");
  expect(Object.fromEntries(app.metrics.sessionsClosed)).toEqual({
    1000: 1,
    1002: 1,
    1005: 1,
    1006: 3,
    1009: 1,
    1011: 1,
    4000: 1,
  });
  expect(app.metrics).toMatchObject({ sessionsOpened: 9, messagesSent: 0, slowSessionsClosed: 0 });
  expect(await (await server.fetch("/a")).text()).toBe("0");
});
