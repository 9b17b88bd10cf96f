import { expect, test } from "bun:test";
import type { Server } from "bun";
import type { Group, Member } from "../../src/groups/group.ts";
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

test("Groups.find() knows nobody before the server listens", () => {
  const groups = new Groups(() => []);
  expect(groups.find("chat")).toBeUndefined();
});

type Node = AsyncDisposable & {
  groups: Groups;
  server: Server<undefined>;
  publish: (name: string, message: string | Uint8Array<ArrayBuffer>, except?: Member) => void;
  size: (name: string) => number | undefined;
  /** Opens a session: its client side, and the member with its socket. */
  join: () => Promise<{ member: Member; client: Awaited<ReturnType<typeof openSession>> }>;
};

function startNode(): Node {
  const members: Member[] = [];
  const server = Bun.serve<undefined>({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, self) => (self.upgrade(request, { data: undefined }) ? undefined : new Response(null)),
    websocket: {
      open: (socket) => void members.push({ publisher: server, socket, memberships: undefined }),
      message() {},
    },
  });
  const groups = new Groups(() => [server]);
  return {
    groups,
    server,
    publish(name, message, except) {
      const group = groups.find(name);
      if (group !== undefined) groups.publish(group, message, false, except);
    },
    size: (name) => groups.find(name)?.size,
    async join() {
      const count = members.length;
      const client = await openSession(server.url.href);
      await waitFor(() => members.length > count, "open");
      return { member: members[count] as Member, client };
    },
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

test("Groups.publish() reaches every member and nobody else", async () => {
  await using node = startNode();
  const { groups } = node;
  const [ada, bob, eve] = [await node.join(), await node.join(), await node.join()];
  groups.add("chat", ada.member);
  groups.add("chat", bob.member);
  groups.add("news", eve.member);
  node.publish("chat", "hello");
  node.publish("news", "marker");
  expect(await ada.client.next()).toBe("hello");
  expect(await bob.client.next()).toBe("hello");
  expect(await eve.client.next()).toBe("marker");
});

test("Groups.publish() keeps text, empty text and bytes apart", async () => {
  await using node = startNode();
  const { member, client } = await node.join();
  node.groups.add("chat", member);
  node.publish("chat", "");
  node.publish("chat", new Uint8Array([0, 255]));
  node.publish("chat", "✓");
  expect(await client.next()).toBe("");
  expect(await client.next()).toEqual(new Uint8Array([0, 255]));
  expect(await client.next()).toBe("✓");
});

test("Groups.publish() leaves out the one that is excepted, and says how many get it", async () => {
  await using node = startNode();
  const [ada, bob] = [await node.join(), await node.join()];
  for (const { member } of [ada, bob]) node.groups.add("chat", member);
  const group = node.groups.find("chat") as Group;
  expect(node.groups.publish(group, "from ada", false, ada.member)).toBe(1);
  expect(node.groups.publish(group, "marker", false)).toBe(2);
  expect(await bob.client.next()).toBe("from ada");
  expect(await ada.client.next()).toBe("marker");
});

test("Groups.publish() reaches all when the one excepted is no member", async () => {
  await using node = startNode();
  const [ada, bob] = [await node.join(), await node.join()];
  node.groups.add("chat", bob.member);
  node.publish("chat", "hello", ada.member);
  expect(await bob.client.next()).toBe("hello");
});

test("Groups.has() is true from add() to remove()", async () => {
  await using node = startNode();
  const { groups } = node;
  const { member } = await node.join();
  expect(groups.has("chat", member)).toBe(false);
  groups.add("chat", member);
  expect(groups.has("chat", member)).toBe(true);
  expect(groups.has("news", member)).toBe(false);
  groups.remove("chat", member);
  expect(groups.has("chat", member)).toBe(false);
});

test("Groups.add() does nothing for a session that has ended", () => {
  const groups = new Groups(() => []);
  groups.add("chat", { publisher: { publish() {} }, socket: undefined, memberships: undefined });
  expect(groups.find("chat")).toBeUndefined();
});

test("Groups.remove() ignores a group that the session is not in", async () => {
  await using node = startNode();
  const [ada, bob] = [await node.join(), await node.join()];
  node.groups.add("chat", ada.member);
  node.groups.add("news", bob.member);
  for (const name of ["news", "nothing"]) node.groups.remove(name, ada.member);
  expect(ada.member.memberships?.map(({ name }) => name)).toEqual(["chat"]);
  expect(node.size("news")).toBe(1);
});

test("Groups.remove() ends delivery to the member", async () => {
  await using node = startNode();
  const [ada, bob] = [await node.join(), await node.join()];
  for (const { member } of [ada, bob]) node.groups.add("chat", member);
  node.groups.remove("chat", ada.member);
  node.publish("chat", "not for ada");
  node.groups.add("chat", ada.member);
  node.publish("chat", "marker");
  expect(await ada.client.next()).toBe("marker");
  expect(await bob.client.next()).toBe("not for ada");
});

test("Groups forgets a group with its last member", async () => {
  await using node = startNode();
  const { groups } = node;
  const [ada, bob] = [await node.join(), await node.join()];
  for (const { member } of [ada, bob]) groups.add("chat", member);
  expect(node.size("chat")).toBe(2);
  groups.remove("chat", ada.member);
  expect(node.size("chat")).toBe(1);
  groups.removeFromAll(bob.member);
  expect(node.size("chat")).toBeUndefined();
});

test("Group.shared counts the members that are in another group too", async () => {
  await using node = startNode();
  const { groups } = node;
  const [ada, bob] = [await node.join(), await node.join()];
  const shared = () => ["a", "b", "c"].map((name) => groups.find(name)?.shared);
  groups.add("a", ada.member);
  groups.add("a", bob.member);
  expect(shared()).toEqual([0, undefined, undefined]);
  groups.add("b", ada.member);
  expect(shared()).toEqual([1, 1, undefined]);
  groups.add("c", ada.member);
  groups.add("c", bob.member);
  expect(shared()).toEqual([2, 1, 2]);
  groups.remove("a", bob.member);
  expect(shared()).toEqual([1, 1, 1]);
  groups.removeFromAll(ada.member);
  expect(shared()).toEqual([undefined, undefined, 0]);
});

test("Group.shared and Group.size are right after any changes", async () => {
  await using node = startNode();
  const { groups } = node;
  const members: Member[] = [];
  while (members.length < 4) members.push((await node.join()).member);
  const names = ["a", "b", "c"];
  let seed = 1;
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let step = 0; step < 2000; step += 1) {
    const member = members[random(members.length)] as Member;
    const name = names[random(names.length)] as string;
    const kind = random(8);
    if (kind === 0) {
      for (const { topic } of member.memberships ?? []) member.socket?.unsubscribe(topic);
      groups.removeFromAll(member);
    } else if (kind < 4) groups.remove(name, member);
    else if (!groups.has(name, member)) groups.add(name, member);
    for (const each of names) {
      const inside = members.filter((one) => groups.has(each, one));
      const shared = inside.filter((one) => names.filter((other) => groups.has(other, one)).length > 1);
      expect(groups.find(each)?.size ?? 0).toBe(inside.length);
      expect(groups.find(each)?.shared ?? 0).toBe(shared.length);
    }
  }
});

test("Groups keeps its topics apart from others of the server", async () => {
  await using node = startNode();
  const { member, client } = await node.join();
  member.socket?.subscribe("chat");
  expect(node.size("chat")).toBeUndefined();
  expect(node.server.subscriberCount("chat")).toBe(1);
  node.groups.add("other", member);
  node.publish("other", "first");
  node.server.publish("chat", "second");
  expect(await client.next()).toBe("first");
  expect(await client.next()).toBe("second");
});
