import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import * as fc from "fast-check";
import type { BusEnd } from "../../src/bus/bus.ts";
import { formatFrame, type Frame, parseFrame } from "../../src/bus/frame.ts";
import { LocalNetwork } from "../../src/bus/local.ts";
import { createNodeId } from "../../src/bus/node-id.ts";
import { anyFrame } from "../support/any-frame.ts";
import { startServer, stopServers } from "../support/server.ts";

setDefaultTimeout(30_000);

afterAll(stopServers);

const controllers = {
  "room.js": `
import { addToGroup, send } from "hubbub";
export const get = ({ params }) => ({ webSocket: { data: params } });
export function webSocketEvent({ type, session, data, message }) {
  if (type === "open") addToGroup("chat", session.id);
  send(session.id, type === "open" ? session.id : message);
}
export const groupEvent = () => {};
export const scope = "cluster";`,
};

/** A server whose bus a test speaks to. */
async function startOpenServer() {
  const network = new LocalNetwork();
  let end: BusEnd | undefined;
  const openBus = (given: BusEnd) => {
    end = given;
    return network.open(given);
  };
  const server = await startServer(controllers, { "log-level": "error" }, undefined, { openBus });
  const node = createNodeId();
  return {
    server,
    deliver: (frame: Frame | Uint8Array) =>
      end?.deliver(frame instanceof Uint8Array ? frame : formatFrame(node, frame)),
  };
}

test("whatever comes over the bus, the server goes on", async () => {
  const { server, deliver } = await startOpenServer();
  await using _server = server;
  const ada = await server.open("/room");
  const id = String(await ada.next());
  // Half of them are about a session and a group that are there.
  const aimed = anyFrame.map((frame): Frame => {
    const copy = { ...frame } as { kind: Frame["kind"]; id?: string; group?: string };
    if (copy.kind !== "close" && copy.kind !== "leave" && copy.id !== undefined) copy.id = id;
    if (copy.group !== undefined) copy.group = "chat";
    return copy as Frame;
  });
  let malformed = 0;
  fc.assert(
    fc.property(fc.oneof(anyFrame, aimed), fc.uint8Array({ maxLength: 60 }), (frame, bytes) => {
      deliver(frame);
      deliver(bytes);
      // Four in a million happen to be frames.
      if (parseFrame(bytes) === undefined) malformed += 1;
    }),
    { numRuns: 1000 },
  );
  ada.send("still here");
  for (let text = await ada.next(); text !== "still here"; text = await ada.next());
  expect(malformed).toBeGreaterThan(990);
  expect(server.app.metrics.framesMalformed).toBe(malformed);
});

test.each([0, 999, 1005, 1006, 1015, 5000, 2 ** 40])(
  "a close with the code %p ends no more than a session",
  async (code) => {
    const { server, deliver } = await startOpenServer();
    await using _server = server;
    const [ada, bob] = [await server.open("/room"), await server.open("/room")];
    deliver({ kind: "close", id: String(await ada.next()), code, reason: "x".repeat(1000) });
    await bob.next();
    bob.send("still here");
    expect(await bob.next()).toBe("still here");
  },
);
