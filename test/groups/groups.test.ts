import { expect, test } from "bun:test";
import type { Server, ServerWebSocket } from "bun";
import { Groups, toGroupName } from "../../src/groups/groups.ts";
import { openSession, waitFor } from "../support/session.ts";

test.each([
  ["chat", "chat"],
  [" ", " "],
  ["g:chat", "g:chat"],
  ["räume ✓", "räume ✓"],
  [7, "7"],
  [0, "0"],
  [-1.5, "-1.5"],
  ["x".repeat(200), "x".repeat(200)],
  ["ü".repeat(100), "ü".repeat(100)],
  ["€".repeat(66), "€".repeat(66)],
])("toGroupName() takes %p", (value, name) => {
  expect(toGroupName(value)).toBe(name);
});

test.each([
  ["", 'Cannot use group "": its name is empty, expected 1 to 200 bytes'],
  [undefined, "Cannot use a group: its name is undefined, expected a text or a number"],
  [null, "Cannot use a group: its name is null, expected a text or a number"],
  [{}, "Cannot use a group: its name is an object, expected a text or a number"],
  [["chat"], "Cannot use a group: its name is an array, expected a text or a number"],
  [true, "Cannot use a group: its name is a boolean, expected a text or a number"],
  [7n, "Cannot use a group: its name is a bigint, expected a text or a number"],
  ["x".repeat(201), `Cannot use group "${"x".repeat(20)}…": its name has 201 bytes, expected at most 200`],
  ["€".repeat(67), `Cannot use group "${"€".repeat(20)}…": its name has 201 bytes, expected at most 200`],
])("toGroupName() refuses %p", (value, message) => {
  expect(() => toGroupName(value)).toThrow(expect.objectContaining({ name: "Fault", code: "GROUP_NAME", message }));
});

test("Groups.size() is 0 and Groups.send() does nothing before the server listens", () => {
  const groups = new Groups(() => undefined);
  expect(groups.size("chat")).toBe(0);
  expect(() => groups.send("chat", "hello")).not.toThrow();
});

type Node = AsyncDisposable & {
  groups: Groups;
  server: Server<undefined>;
  /** Opens a session: its client side, and the socket that is the member. */
  join: () => Promise<{ member: ServerWebSocket<undefined>; client: Awaited<ReturnType<typeof openSession>> }>;
};

function startNode(): Node {
  const members: ServerWebSocket<undefined>[] = [];
  const server = Bun.serve<undefined>({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, self) => (self.upgrade(request, { data: undefined }) ? undefined : new Response(null)),
    websocket: { open: (socket) => void members.push(socket), message() {} },
  });
  return {
    groups: new Groups(() => server),
    server,
    async join() {
      const count = members.length;
      const client = await openSession(server.url.href);
      await waitFor(() => members.length > count, "open");
      return { member: members[count] as ServerWebSocket<undefined>, client };
    },
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

test("Groups.send() reaches every member and nobody else", async () => {
  await using node = startNode();
  const { groups } = node;
  const [ada, bob, eve] = [await node.join(), await node.join(), await node.join()];
  groups.add("chat", ada.member);
  groups.add("chat", bob.member);
  groups.add("news", eve.member);
  groups.send("chat", "hello");
  groups.send("news", "marker");
  expect(await ada.client.next()).toBe("hello");
  expect(await bob.client.next()).toBe("hello");
  expect(await eve.client.next()).toBe("marker");
});

test("Groups.send() keeps text, empty text and bytes apart", async () => {
  await using node = startNode();
  const { member, client } = await node.join();
  node.groups.add("chat", member);
  node.groups.send("chat", "");
  node.groups.send("chat", new Uint8Array([0, 255]));
  node.groups.send("chat", "✓");
  expect(await client.next()).toBe("");
  expect(await client.next()).toEqual(new Uint8Array([0, 255]));
  expect(await client.next()).toBe("✓");
});

test("Groups.send() leaves out the one that is excepted", async () => {
  await using node = startNode();
  const [ada, bob] = [await node.join(), await node.join()];
  for (const { member } of [ada, bob]) node.groups.add("chat", member);
  node.groups.send("chat", "from ada", ada.member);
  node.groups.send("chat", "marker");
  expect(await bob.client.next()).toBe("from ada");
  expect(await ada.client.next()).toBe("marker");
});

test("Groups.send() reaches all when the one excepted is no member", async () => {
  await using node = startNode();
  const [ada, bob] = [await node.join(), await node.join()];
  node.groups.add("chat", bob.member);
  node.groups.send("chat", "hello", ada.member);
  expect(await bob.client.next()).toBe("hello");
});

test("Groups.send() keeps the order of messages to a session and to its group", async () => {
  await using node = startNode();
  const { member, client } = await node.join();
  node.groups.add("chat", member);
  for (let n = 0; n < 100; n += 2) {
    node.groups.send("chat", String(n));
    member.send(String(n + 1));
  }
  for (let n = 0; n < 100; n += 1) expect(await client.next()).toBe(String(n));
});

test("Groups.add() twice is one membership, which one Groups.remove() ends", async () => {
  await using node = startNode();
  const { groups } = node;
  const { member, client } = await node.join();
  groups.add("chat", member);
  groups.add("chat", member);
  expect(groups.size("chat")).toBe(1);
  groups.send("chat", "once");
  groups.remove("chat", member);
  expect(groups.size("chat")).toBe(0);
  groups.send("chat", "not this");
  member.send("marker");
  expect(await client.next()).toBe("once");
  expect(await client.next()).toBe("marker");
});

test("Groups.remove() ignores a group that the session is not in", async () => {
  await using node = startNode();
  const { member } = await node.join();
  node.groups.add("chat", member);
  node.groups.remove("news", member);
  expect(node.groups.of(member)).toEqual(["chat"]);
});

test("Groups.of() gives the names as they were given, sorted", async () => {
  await using node = startNode();
  const { member } = await node.join();
  for (const name of ["news", "g:chat", "chat", "räume ✓", "7"]) node.groups.add(name, member);
  expect(node.groups.of(member)).toEqual(["7", "chat", "g:chat", "news", "räume ✓"]);
});

test("Groups.size() falls when a member's connection ends", async () => {
  await using node = startNode();
  const [ada, bob] = [await node.join(), await node.join()];
  for (const { member } of [ada, bob]) node.groups.add("chat", member);
  expect(node.groups.size("chat")).toBe(2);
  ada.client.close();
  await waitFor(() => node.groups.size("chat") === 1, "leave");
  expect(node.groups.size("other")).toBe(0);
});

test("Groups keeps its topics apart from others of the server", async () => {
  await using node = startNode();
  const { member, client } = await node.join();
  member.subscribe("chat");
  expect(node.groups.size("chat")).toBe(0);
  node.groups.send("chat", "not this");
  node.server.publish("chat", "marker");
  expect(await client.next()).toBe("marker");
});
