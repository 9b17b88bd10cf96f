import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { LocalNetwork } from "../../src/bus/local.ts";
import { followLog } from "../../src/core/log.ts";
import type { Bus, BusEnd } from "../../src/bus/bus.ts";
import { startCluster } from "../support/cluster.ts";
import { startServer, stopServers, type TestServer } from "../support/server.ts";
import { waitFor } from "../support/session.ts";
import { silenceSends } from "../support/silenceable-bus.ts";

setDefaultTimeout(30_000);

afterAll(stopServers);

/** What a server's controllers heard: `join chat 7 of 2`, in the order in which they heard it. */
const heardBy = async (server: TestServer) =>
  ((await (await server.fetch("/heard")).json()) as string[]).map((line) => line.replace(/[0-9a-f-]{36}/, "7"));

const hears =
  (...lines: string[]) =>
  async (server: TestServer) => {
    await waitFor(async () => (await heardBy(server)).length >= lines.length, `${lines.length} events`);
    expect(await heardBy(server)).toEqual(lines);
  };

const helpers = {
  "_heard.js": `
import { kept } from "hubbub";
export const heard = kept("heard", () => []);
export const note = ({ type, group, session, size }) => heard.push(\`\${type} \${group} \${session.id} of \${size}\`);`,
  "heard.js": `
import { heard } from "./_heard.js";
export const get = () => ({ body: heard });`,
};

const listener = (more = "") => ({
  ...helpers,
  "room.js": `
import { addToGroup, removeFromGroup, send } from "hubbub";
import { note } from "./_heard.js";
export const get = ({ params }) => ({ webSocket: { data: params } });
export function webSocketEvent({ type, session, data, message }) {
  if (type === "open") {
    for (const group of [data.group ?? []].flat()) addToGroup(group, session.id);
    send(session.id, session.id);
  }
  if (type === "message" && message.startsWith("-")) removeFromGroup(message.slice(1), session.id);
  else if (type === "message") addToGroup(message, session.id);
}
export const groupEvent = note;
${more}`,
});

const clusterWide = listener('export const scope = "cluster";');

test("groupEvent() hears each session that joins and leaves, with how many there are then", async () => {
  await using server = await startServer(listener());
  const ada = await server.open("/room?group=chat&group=news");
  await ada.next();
  const bob = await server.open("/room?group=chat");
  await bob.next();
  bob.send("chat");
  ada.send("-news");
  ada.send("-news");
  await hears("join chat 7 of 1", "join news 7 of 1", "join chat 7 of 2", "leave news 7 of 0")(server);
  ada.close();
  bob.close();
  await waitFor(async () => (await heardBy(server)).length === 6, "end of both");
  expect((await heardBy(server)).slice(4)).toEqual(["leave chat 7 of 1", "leave chat 7 of 0"]);
});

test("groupEvent() hears the sessions of its own controller only, whoever adds them", async () => {
  await using server = await startServer({
    ...listener(),
    "other.js": `
import { addToGroup, send } from "hubbub";
export const get = ({ webSocket, params }) => {
  if (webSocket) return { webSocket: {} };
  addToGroup("chat", params.id);
  return {};
};
export const webSocketEvent = ({ type, session }) => type === "open" && (addToGroup("chat", session.id), send(session.id, session.id));`,
  });
  const other = await server.open("/other");
  await other.next();
  const ada = await server.open("/room");
  await server.fetch(`/other?id=${String(await ada.next())}`);
  await hears("join chat 7 of 2")(server);
});

test("groupEvent() may be asynchronous: the events of one group wait for it, those of others do not", async () => {
  await using server = await startServer({
    ...helpers,
    "room.js": `
import { addToGroup, send } from "hubbub";
import { note } from "./_heard.js";
let release = [];
export const get = ({ params, webSocket }) => (webSocket ? { webSocket: { data: params } } : (release.forEach((each) => each()), {}));
export function webSocketEvent({ type, session, data }) {
  if (type !== "open") return;
  addToGroup(data.group, session.id);
  send(session.id, session.id);
}
export async function groupEvent(event) {
  if (event.group === "slow" && event.size === 1) await new Promise((resolve) => release.push(resolve));
  note(event);
}`,
  });
  for (const group of ["slow", "slow", "quick"]) await (await server.open(`/room?group=${group}`)).next();
  await hears("join quick 7 of 1")(server);
  await server.fetch("/room");
  await hears("join quick 7 of 1", "join slow 7 of 1", "join slow 7 of 2")(server);
});

test("a fault in groupEvent is logged with its place, and the next event is heard", async () => {
  const lines: string[] = [];
  const unfollow = followLog(({ text }) => lines.push(text));
  await using server = await startServer({
    ...helpers,
    "room.js": `
import { addToGroup, defineController, send } from "hubbub";
import { note } from "./_heard.js";
export default defineController({
  open({ session }) {
    for (const group of ["one", "two", "three"]) addToGroup(group, session.id);
    send(session.id, session.id);
  },
  group(event) {
    if (event.group === "one") throw new Error("no");
    if (event.group === "two") return Promise.reject(new Error("never"));
    note(event);
  },
});`,
  });
  const ada = await server.open("/room");
  await ada.next();
  await hears("join three 7 of 1")(server);
  await waitFor(() => lines.length === 2, "faults");
  unfollow();
  expect(lines).toEqual([
    'Controller "room.js" failed in groupEvent at room.js:10:42: no',
    'Controller "room.js" failed in groupEvent at room.js:11:58: never',
  ]);
  expect(ada.isOpen).toBe(true);
});

test("groupEvent() of the next generation hears what comes after a live edit", async () => {
  await using server = await startServer(listener(), { watch: "false" });
  const ada = await server.open("/room?group=chat");
  await ada.next();
  await hears("join chat 7 of 1")(server);
  server.folder.write({
    "room.js": listener()["room.js"].replace("= note", "= (event) => note({ ...event, group: 'edited' })"),
  });
  await server.app.reload();
  ada.send("news");
  await hears("join chat 7 of 1", "join edited 7 of 1")(server);
});

test.each([
  [`export const groupEvent = 7;`, '"groupEvent" is a number, expected a function'],
  [`export const groupEvent = () => {}; export const scope = "all";`, '"scope" is "all", expected "node" or "cluster"'],
  [`export default defineController({ scope: "node" });`, 'it has "scope" and nothing hears groups'],
  [`export default defineController({ group() {}, groupEvent() {} });`, 'it has "groupEvent" and "group"'],
])("a controller with %p is refused", async (text, fault) => {
  const files = { "room.js": `import { defineController } from "hubbub"; export const get = () => ({});\n${text}` };
  const error = (await startServer(files).catch((thrown: unknown) => thrown)) as AggregateError;
  expect(String(error.errors[0])).toContain(`Cannot load controller "room.js": ${fault}`);
});

test("what is called group or scope means nothing outside of defineController", async () => {
  await using server = await startServer({
    "room.js": `export const get = () => ({ body: "fine" }); export const group = "chat"; export const scope = 7;`,
  });
  expect(await (await server.fetch("/room")).text()).toBe("fine");
});

test("groupEvent() hears the sessions of its own node, and with the scope of the cluster how many there are in all", async () => {
  for (const [files, size] of [[listener(), 1] as const, [clusterWide, 2] as const]) {
    await using cluster = await startCluster(2, files);
    const [one, two] = cluster.nodes as [TestServer, TestServer];
    await (await one.open("/room?group=chat")).next();
    await hears("join chat 7 of 1")(one);
    if (size === 2) await waitFor(() => two.app.api.getGroupSize("chat") === 1, "size of the other node");
    await (await two.open("/room?group=chat")).next();
    await hears(`join chat 7 of ${size}`)(two);
    await hears("join chat 7 of 1")(one);
  }
});

test("a node that stops tells of its sessions itself, once", async () => {
  await using cluster = await startCluster(3, clusterWide);
  const [one, two, three] = cluster.nodes as [TestServer, TestServer, TestServer];
  for (const node of cluster.nodes) await (await node.open("/room?group=chat")).next();
  await waitFor(() => two.app.api.getGroupSize("chat") === 3, "sizes");
  await one.app.stop();
  await waitFor(() => two.app.api.getGroupSize("chat") === 2, "size without the node");
  expect([await heardBy(two), await heardBy(three)].flat().filter((line) => line.startsWith("leave"))).toEqual([]);
});

/** Three nodes on a network whose nodes can be silenced: what they send and get is lost. */
async function startSilenceable() {
  const network = new LocalNetwork();
  const silent = new Set<string>();
  const ends: BusEnd[] = [];
  const openBus = (end: BusEnd): Bus => {
    ends.push(end);
    const bus = network.open({
      ...end,
      deliver: (frame) => {
        if (!silent.has(end.node)) end.deliver(frame);
      },
    });
    return silenceSends(bus, () => silent.has(end.node));
  };
  const cluster = await startCluster(3, clusterWide, { "log-level": "error" }, openBus);
  return { cluster, silent, ends };
}

test("one of the others tells that the sessions of a dead node have left, and it that they are back if it was only silent", async () => {
  const { cluster, silent, ends } = await startSilenceable();
  await using _cluster = cluster;
  const [one, two, three] = cluster.nodes as [TestServer, TestServer, TestServer];
  for (const path of ["/room?group=chat", "/room?group=chat&group=news"]) await (await one.open(path)).next();
  await (await two.open("/room?group=chat")).next();
  await waitFor(() => three.app.api.getGroupSize("chat") === 3, "sizes");
  const isQuiet = async () => (await heardBy(one)).length === 3 && (await heardBy(two)).length === 1;
  await waitFor(isQuiet, "joins");
  const [node = ""] = ends.map((end) => end.node);
  silent.add(node);
  // What it would hear of nothing but silence is no ground to forget the others.
  ends[0]?.onStage("down", "silenced");
  const leaves = async () =>
    [...(await heardBy(two)), ...(await heardBy(three))].filter((line) => line.startsWith("leave"));
  await waitFor(async () => (await leaves()).length >= 3, "leaves of the dead node");
  expect((await leaves()).sort()).toEqual(["leave chat 7 of 1", "leave chat 7 of 2", "leave news 7 of 0"]);
  const told = await Promise.all([two, three].map(async (server) => (await heardBy(server)).join().includes("leave")));
  expect(told.filter(Boolean)).toHaveLength(1);
  expect(two.app.api.getGroupSize("chat")).toBe(1);
  silent.delete(node);
  ends[0]?.onStage("up");
  await waitFor(async () => (await heardBy(one)).length >= 6, "joins of those who are back");
  expect((await heardBy(one)).slice(3).sort()).toEqual(["join chat 7 of 2", "join chat 7 of 3", "join news 7 of 1"]);
  await waitFor(() => three.app.api.getGroupSize("chat") === 3, "sizes");
  expect((await leaves()).length).toBe(3);
}, 30_000);
