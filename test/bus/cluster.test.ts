import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { LocalNetwork } from "../../src/bus/local.ts";
import type { Bus, BusEnd } from "../../src/bus/bus.ts";
import { startCluster } from "../support/cluster.ts";
import { stopServers } from "../support/server.ts";
import { waitFor } from "../support/session.ts";

setDefaultTimeout(30_000);

afterAll(stopServers);

/** A controller that does with the API what its sessions say: `{"call": "send", "with": ["id", "text"]}`. */
const remote = {
  "remote.ts": `
import * as hubbub from "hubbub";
export function get(request) {
  return { webSocket: { data: request.params.name ? { public: { name: request.params.name } } : {} } };
}
export async function webSocketEvent({ type, session, message }) {
  if (type === "open") hubbub.send(session.id, session.id);
  if (type !== "message") return;
  const { call, with: values } = JSON.parse(message);
  const result = await hubbub[call](...values);
  hubbub.send(session.id, { result: result ?? null });
}`,
};

type Open = (path: string) => Promise<{
  send: (message: unknown) => void;
  next: () => Promise<unknown>;
  nextJson: () => Promise<unknown>;
  closed: Promise<{ code: number; reason: string }>;
  close: () => void;
}>;

/** A session whose controller does what it is told. */
async function openRemote({ open }: { open: Open }, name = "") {
  const session = await open(`/remote?name=${name}`);
  const id = String(await session.next());
  const call = async (what: string, ...values: unknown[]) => {
    session.send(JSON.stringify({ call: what, with: values }));
    return ((await session.nextJson()) as { result: unknown }).result;
  };
  return { id, session, call };
}

test("sendToGroup() reaches the sessions of all nodes, each once and in order", async () => {
  await using cluster = await startCluster(3, remote);
  const [ada, bob, eve] = await Promise.all(cluster.nodes.map((node) => openRemote(node)));
  if (ada === undefined || bob === undefined || eve === undefined) throw new Error("No sessions");
  for (const each of [bob, eve]) await each.call("addToGroup", "chat", each.id);
  for (let index = 0; index < 50; index += 1) {
    ada.session.send(JSON.stringify({ call: "sendToGroup", with: ["chat", `text ${index}`] }));
  }
  for (const { session } of [bob, eve]) {
    for (let index = 0; index < 50; index += 1) expect(await session.next()).toBe(`text ${index}`);
  }
  for (let index = 0; index < 50; index += 1) await ada.session.next();
  await ada.call("sendToGroup", "chat", { last: true });
  for (const { session } of [bob, eve]) expect(await session.nextJson()).toEqual({ last: true });
});

test("send() and close() find a session of another node by its id", async () => {
  await using cluster = await startCluster(2, remote);
  const [ada, bob] = await Promise.all(cluster.nodes.map((node) => openRemote(node)));
  if (ada === undefined || bob === undefined) throw new Error("No sessions");
  expect(bob.id.slice(0, 13)).not.toBe(ada.id.slice(0, 13));
  expect(bob.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(await ada.call("isOpen", bob.id)).toBe(true);
  expect(await ada.call("send", bob.id, "hello")).toBe(true);
  expect(await bob.session.next()).toBe("hello");
  expect(await ada.call("close", bob.id, 4001, "enough")).toBe(true);
  expect(await bob.session.closed).toEqual({ code: 4001, reason: "enough" });
  expect(await ada.call("send", bob.id, "late")).toBe(true);
  // Its node has said that the session has ended.
  const isForgotten = async () => (await ada.call("isOpen", bob.id)) === false;
  await waitFor(isForgotten, "word that the session has ended");
  expect(await ada.call("send", bob.id, "later")).toBe(false);
  expect(await ada.call("close", bob.id)).toBe(false);
  expect(await ada.call("send", crypto.randomUUID(), "nobody")).toBe(false);
});

test("addToGroup() and removeFromGroup() take a session of another node", async () => {
  await using cluster = await startCluster(2, remote);
  const [ada, bob] = await Promise.all(cluster.nodes.map((node) => openRemote(node)));
  if (ada === undefined || bob === undefined) throw new Error("No sessions");
  await ada.call("addToGroup", "chat", bob.id);
  const hasSize = (size: number) => async () => (await ada.call("getGroupSize", "chat")) === size;
  await waitFor(hasSize(1), "member");
  expect(await bob.call("getGroups", bob.id)).toEqual(["chat"]);
  await ada.call("removeFromGroup", "chat", bob.id);
  await waitFor(hasSize(0), "end of the membership");
  expect(await bob.call("getGroups", bob.id)).toEqual([]);
});

test("sendToGroup() leaves out a session of another node", async () => {
  await using cluster = await startCluster(2, remote);
  const [ada, bob] = await Promise.all(cluster.nodes.map((node) => openRemote(node)));
  if (ada === undefined || bob === undefined) throw new Error("No sessions");
  await bob.call("addToGroup", "chat", bob.id);
  await ada.call("sendToGroup", "chat", "not for bob", { except: bob.id });
  await ada.call("sendToGroup", "chat", "for bob", { except: ada.id });
  expect(await bob.session.next()).toBe("for bob");
});

test("getGroupSize() counts the sessions of all nodes, and forgets those of a node that leaves", async () => {
  await using cluster = await startCluster(3, remote);
  const sessions = await Promise.all(cluster.nodes.map((node) => openRemote(node)));
  for (const { id, call } of sessions) await call("addToGroup", "chat", id);
  const sizesAre = (count: number, among: typeof sessions) => async () =>
    (await Promise.all(among.map(({ call }) => call("getGroupSize", "chat")))).every((size) => size === count);
  await waitFor(sizesAre(3, sessions), "sizes that count all");
  const late = await openRemote(await cluster.start());
  expect(await late.call("getGroupSize", "nobody")).toBe(0);
  await waitFor(sizesAre(3, [...sessions, late]), "sizes on a node that came later");
  await cluster.nodes[0]?.app.stop();
  await waitFor(sizesAre(2, [...sessions.slice(1), late]), "sizes without the node that left");
});

test("getGroupMembers() lists the sessions of all nodes with what is public of them", async () => {
  await using cluster = await startCluster(3, remote);
  const sessions = await Promise.all(cluster.nodes.map((node, index) => openRemote(node, ["Ada", "Bob", ""][index])));
  const [ada, bob, eve] = sessions;
  for (const { id, call } of sessions) await call("addToGroup", "chat", id);
  await waitFor(async () => (await ada?.call("getGroupSize", "chat")) === 3, "sizes");
  const members = (await ada?.call("getGroupMembers", "chat")) as { id: string; public?: unknown }[];
  const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);
  expect(members.sort(byId)).toEqual(
    [
      { id: ada?.id ?? "", public: { name: "Ada" } },
      { id: bob?.id ?? "", public: { name: "Bob" } },
      { id: eve?.id ?? "" },
    ].sort(byId),
  );
  expect(await ada?.call("getGroupMembers", "nobody")).toEqual([]);
});

test("getGroupMembers() lists what a single node has", async () => {
  await using cluster = await startCluster(1, remote);
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error("No node");
  const ada = await openRemote(node, "Ada");
  await ada.call("addToGroup", "chat", ada.id);
  expect(await ada.call("getGroupMembers", "chat")).toEqual([{ id: ada.id, public: { name: "Ada" } }]);
});

test("/-/ready says that the bus is not up, and what it lost is counted", async () => {
  const network = new LocalNetwork();
  let end: BusEnd | undefined;
  const openBus = (given: BusEnd): Bus => {
    end = given;
    return network.open(given);
  };
  await using cluster = await startCluster(1, remote, {}, openBus);
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error("No node");
  await waitFor(async () => (await node.fetch("/-/ready")).status === 200, "readiness");
  const ada = await openRemote(node);
  await ada.call("addToGroup", "chat", ada.id);
  end?.onStage("down", "cut");
  const answer = await node.fetch("/-/ready");
  expect([answer.status, await answer.json()]).toEqual([503, { status: "not ready", reason: "bus down" }]);
  ada.session.send(JSON.stringify({ call: "sendToGroup", with: ["chat", "still here"] }));
  expect(await ada.session.next()).toBe("still here");
  await waitFor(() => node.app.metrics.framesLost === 1, "lost frame");
  end?.onStage("up");
  expect((await node.fetch("/-/ready")).status).toBe(200);
});

test("what is no frame is counted and dropped", async () => {
  const network = new LocalNetwork();
  let end: BusEnd | undefined;
  const openBus = (given: BusEnd): Bus => {
    end = given;
    return network.open(given);
  };
  await using cluster = await startCluster(1, remote, { "log-level": "error" }, openBus);
  end?.deliver(new Uint8Array([1, 2, 3]));
  end?.deliver(new Uint8Array());
  expect(cluster.nodes[0]?.app.metrics.framesMalformed).toBe(2);
});

const steps = {
  "steps.js": `
import { addToGroup, close, send, sendToGroup } from "hubbub";
export const get = ({ webSocket, params, body }) => {
  if (webSocket) return { webSocket: {} };
  const id = params.id;
  for (let number = 0; number < 300; number += 1) {
    if (number % 3 === 0) send(id, "text " + number);
    else sendToGroup(number % 3 === 1 ? "one" : "two", number % 2 === 0 ? "text " + number : new TextEncoder().encode("bytes " + number));
  }
  close(id, 4001, "done");
  return {};
};
export function webSocketEvent({ type, session }) {
  if (type !== "open") return;
  for (const group of ["one", "two"]) addToGroup(group, session.id);
  send(session.id, session.id);
}`,
};

test("a session of another node gets send(), sendToGroup() and close() in their order, text as text and bytes as bytes", async () => {
  await using cluster = await startCluster(2, steps);
  const [one, two] = cluster.nodes;
  if (one === undefined || two === undefined) throw new Error("No nodes");
  const bob = await two.open("/steps");
  const id = String(await bob.next());
  await waitFor(() => one.app.api.getGroupSize("two") === 1, "member");
  await one.fetch(`/steps?id=${id}`);
  for (let number = 0; number < 300; number += 1) {
    const message = await bob.next();
    const isText = number % 3 === 0 || number % 2 === 0;
    expect(typeof message === "string").toBe(isText);
    expect(typeof message === "string" ? message : new TextDecoder().decode(message)).toBe(
      `${isText ? "text" : "bytes"} ${number}`,
    );
  }
  expect(await bob.closed).toEqual({ code: 4001, reason: "done" });
});
