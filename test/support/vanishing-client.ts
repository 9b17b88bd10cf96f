import { $ } from "bun";
import { openRaw } from "./raw.ts";
import { startServer } from "./server.ts";
import { openSession, waitFor } from "./session.ts";

/**
 * Runs in a network of its own: opens sessions, takes the network away without a FIN or a RST, and prints what the
 * server made of it as JSON.
 */
const controllers = {
  "talk.js": `
import { addToGroup, kept, sendToGroup } from "hubbub";
const closes = kept("closes", () => []);
export const get = ({ params }) => ({ webSocket: { data: params } });
export const webSocketEvent = ({ type, session, data, closeReason, reason }) => {
  if (type === "open" && data.talk) {
    addToGroup("talk", session.id);
    const timer = setInterval(() => sendToGroup("talk", "x".repeat(100)), 50);
    data.stop = () => clearInterval(timer);
  }
  if (type !== "close") return;
  data.stop?.();
  closes.push([data.name, closeReason, reason]);
};`,
  "closes.js": `
import { getGroupSize, kept } from "hubbub";
const closes = kept("closes", () => []);
export const get = () => ({ body: { closes, members: getGroupSize("talk") } });`,
};

await $`ip link set lo up`;
await using server = await startServer(controllers, { ping: "1", timeout: "2" });
using _silent = await openRaw(server.url("/talk?name=silent"));
using _told = await openRaw(server.url("/talk?name=told&talk=1"));
using client = await openSession(server.url("/talk?name=client"));
await waitFor(() => server.app.sessionCount === 3, "sessions");
await $`ip link set lo down`;
const vanishedAt = performance.now();
await waitFor(() => server.app.sessionCount === 0, "end of the sessions");
const seconds = (performance.now() - vanishedAt) / 1000;
const isClientOpen = client.socket.readyState === WebSocket.OPEN;
await $`ip link set lo up`;
const { closes, members } = (await (await server.fetch("/closes")).json()) as { closes: unknown; members: number };
console.log(JSON.stringify({ seconds, isClientOpen, closes, members }));
