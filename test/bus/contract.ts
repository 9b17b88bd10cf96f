import { expect, test } from "bun:test";
import type { OpenBus } from "../../src/bus/bus.ts";
import { formatFrame } from "../../src/bus/frame.ts";
import { createNodeId } from "../../src/bus/node-id.ts";
import { decodeText, encodeText, openTestBus, type TestBus, waitUntilUp } from "../support/test-bus.ts";
import { waitFor } from "../support/session.ts";

/** What carries the frames of some nodes: made anew for each test. */
export type Network = AsyncDisposable & { open: OpenBus };

/** Defines the tests that every bus passes: what `Bus` says it must and must not do. */
export function testBus(name: string, openNetwork: () => Promise<Network>): void {
  test(`${name}: publish() reaches the nodes that have subscribed to the group, and no other`, async () => {
    await using network = await openNodes(3);
    const [ada, bob, eve] = network.nodes;
    bob.bus.subscribe("chat");
    eve.bus.subscribe("news");
    await settle(network.nodes);
    ada.bus.publish("chat", encodeText(ada, "1"));
    ada.bus.publish("news", encodeText(ada, "2"));
    await settle(network.nodes);
    expect([ada.frames, bob.frames, eve.frames]).toEqual([[], ["1"], ["2"]]);
  });

  test(`${name}: sendTo() reaches one node, and a node that is not there is nothing`, async () => {
    await using network = await openNodes(3);
    const [ada, bob, eve] = network.nodes;
    ada.bus.sendTo(bob.node, encodeText(ada, "1"));
    ada.bus.sendTo(createNodeId(), encodeText(ada, "2"));
    bob.bus.sendTo(ada.node, encodeText(bob, "3"));
    await settle(network.nodes);
    expect([ada.frames, bob.frames, eve.frames]).toEqual([["3"], ["1"], []]);
  });

  test(`${name}: broadcast() reaches all other nodes`, async () => {
    await using network = await openNodes(3);
    const [ada, bob, eve] = network.nodes;
    ada.bus.broadcast(encodeText(ada, "1"));
    await settle(network.nodes);
    expect([ada.frames, bob.frames, eve.frames]).toEqual([[], ["1"], ["1"]]);
  });

  test(`${name}: a node's own frames do not come back to it`, async () => {
    await using network = await openNodes(2);
    const [ada, bob] = network.nodes;
    ada.bus.subscribe("chat");
    bob.bus.subscribe("chat");
    await settle(network.nodes);
    ada.bus.publish("chat", encodeText(ada, "1"));
    ada.bus.sendTo(ada.node, encodeText(ada, "2"));
    ada.bus.broadcast(encodeText(ada, "3"));
    await settle(network.nodes);
    expect([ada.frames, bob.frames.sort()]).toEqual([[], ["1", "3"]]);
  });

  test(`${name}: unsubscribe() ends what subscribe() began, and both can come again`, async () => {
    await using network = await openNodes(2);
    const [ada, bob] = network.nodes;
    for (const text of ["1", "2", "3"]) {
      bob.bus.subscribe("chat");
      await settle(network.nodes);
      ada.bus.publish("chat", encodeText(ada, text));
      await settle(network.nodes);
      bob.bus.unsubscribe("chat");
      await settle(network.nodes);
      ada.bus.publish("chat", encodeText(ada, "no"));
    }
    bob.bus.subscribe("chat");
    bob.bus.unsubscribe("chat");
    bob.bus.subscribe("chat");
    await settle(network.nodes);
    ada.bus.publish("chat", encodeText(ada, "4"));
    await settle(network.nodes);
    expect(bob.frames).toEqual(["1", "2", "3", "4"]);
  });

  test(`${name}: frames to a group, to a node and to all keep their order, each once`, async () => {
    await using network = await openNodes(3);
    const [ada, bob, eve] = network.nodes;
    bob.bus.subscribe("chat");
    await settle(network.nodes);
    const count = 500;
    for (let index = 0; index < count; index += 1) {
      ada.bus.publish("chat", encodeText(ada, `group ada ${index}`));
      eve.bus.publish("chat", encodeText(eve, `group eve ${index}`));
      ada.bus.sendTo(bob.node, encodeText(ada, `node ada ${index}`));
      ada.bus.broadcast(encodeText(ada, `all ada ${index}`));
      if (index % 50 === 0) await Bun.sleep(0);
    }
    await settle(network.nodes);
    expect(bob.frames.length).toBe(4 * count);
    for (const sender of ["group ada", "group eve", "node ada", "all ada"]) {
      const numbers = bob.frames.filter((frame) => frame.startsWith(`${sender} `)).map((frame) => frame.split(" ")[2]);
      expect(numbers, sender).toEqual(Array.from({ length: count }, (_, index) => String(index)));
    }
  });

  test(`${name}: a frame arrives as the same bytes, whatever they are, and the group's name too`, async () => {
    const received: Uint8Array[] = [];
    await using network = await openNodes(2, (frame) => received.push(new Uint8Array(frame)));
    const [ada, bob] = network.nodes;
    const groups = ["ä ☃ 🎈", "a:b{c}*?[d]", "\r\n$3\0", "x".repeat(200)];
    for (const group of groups) bob.bus.subscribe(group);
    await settle(network.nodes);
    received.length = 0;
    const every = Uint8Array.from({ length: 256 }, (_, index) => index);
    const messages = [every, "\r\n+OK\r\n", new Uint8Array(300_000).fill(0xff), ""];
    const frames = messages.map((message) => formatFrame(ada.node, { kind: "send", id: "7", message }));
    groups.forEach((group, index) => ada.bus.publish(group, frames[index] ?? every));
    await waitFor(() => received.length === groups.length, "frames");
    const inOrder = (list: Uint8Array[]) => list.toSorted((a, b) => a.length - b.length);
    expect(inOrder(received)).toEqual(inOrder(frames));
  });

  test(`${name}: deliver() is not called inside of publish(), nor before start()`, async () => {
    await using carrier = await openNetwork();
    let isInside = false;
    const insides: string[] = [];
    const ada = openTestBus(carrier.open);
    const bob = openTestBus(carrier.open, (frame) => isInside && insides.push(decodeText(frame)));
    await settle([ada, bob]);
    bob.bus.subscribe("chat");
    await settle([ada, bob]);
    isInside = true;
    for (const text of ["1", "2"]) ada.bus.publish("chat", encodeText(ada, text));
    ada.bus.broadcast(encodeText(ada, "3"));
    isInside = false;
    await settle([ada, bob]);
    expect(insides).toEqual([]);
    expect(bob.frames.length).toBe(3);
    const late: string[] = [];
    const eve = carrier.open({
      node: createNodeId(),
      deliver: (frame) => late.push(decodeText(frame)),
      onStage: () => {},
      onLost: () => {},
    });
    ada.bus.broadcast(encodeText(ada, "4"));
    await settle([ada, bob]);
    expect(late).toEqual([]);
    await eve.stop();
    await Promise.all([ada.bus.stop(), bob.bus.stop()]);
  });

  test(`${name}: stop() lets out what was given before, and nothing comes in after it`, async () => {
    await using network = await openNodes(3);
    const [ada, bob, eve] = network.nodes;
    eve.bus.subscribe("chat");
    bob.bus.subscribe("chat");
    await settle(network.nodes);
    for (let index = 0; index < 100; index += 1) ada.bus.publish("chat", encodeText(ada, String(index)));
    ada.bus.broadcast(encodeText(ada, "bye"));
    await ada.bus.stop();
    await waitFor(() => eve.frames.length === 101, "frames given before the stop");
    await bob.bus.stop();
    const before = bob.frames.length;
    eve.bus.publish("chat", encodeText(eve, "late"));
    eve.bus.broadcast(encodeText(eve, "late"));
    await settle([eve]);
    await Bun.sleep(20);
    expect([bob.frames.length, ada.frames]).toEqual([before, []]);
  });

  test(`${name}: nothing throws before it is up, after stop(), or twice`, async () => {
    await using carrier = await openNetwork();
    const ada = openTestBus(carrier.open);
    const use = () => {
      ada.bus.subscribe("chat");
      ada.bus.publish("chat", encodeText(ada, "1"));
      ada.bus.sendTo(createNodeId(), encodeText(ada, "2"));
      ada.bus.broadcast(encodeText(ada, "3"));
      ada.bus.unsubscribe("chat");
    };
    use();
    await settle([ada]);
    use();
    await ada.bus.stop();
    use();
    await ada.bus.stop();
    expect(ada.stages).toEqual(["up"]);
  });

  test(`${name}: a subscription from before the bus was up holds`, async () => {
    await using carrier = await openNetwork();
    const [ada, bob] = [openTestBus(carrier.open), openTestBus(carrier.open)];
    bob.bus.subscribe("chat");
    await settle([ada, bob]);
    ada.bus.publish("chat", encodeText(ada, "1"));
    await waitFor(() => bob.frames.length > 0, "frame");
    expect(bob.frames).toEqual(["1"]);
    await Promise.all([ada.bus.stop(), bob.bus.stop()]);
  });

  async function openNodes(count: 2 | 3, onFrame: (frame: Uint8Array) => void = () => {}) {
    const carrier = await openNetwork();
    const nodes = Array.from({ length: count }, () => openTestBus(carrier.open, onFrame)) as [
      TestBus,
      TestBus,
      TestBus,
    ];
    await settle(nodes.slice(0, count));
    return {
      nodes: nodes as [TestBus, TestBus, TestBus],
      async [Symbol.asyncDispose]() {
        await Promise.all(nodes.map(({ bus }) => bus.stop()));
        await carrier[Symbol.asyncDispose]();
      },
    };
  }
}

/** What tells that all before it has arrived; no frame of a test. */
const MARK = "mark ";

let marks = 0;

/** Resolves when every bus is up, and all that each was given has arrived at the others. */
async function settle(nodes: readonly TestBus[]): Promise<void> {
  await waitUntilUp(nodes);
  // What was subscribed to is known when a frame to a node of one's own group has come; twice around is enough for every bus.
  for (let round = 0; round < 2; round += 1) {
    marks += 1;
    const mark = MARK + marks;
    for (const each of nodes) each.bus.broadcast(encodeText(each, mark));
    const expected = nodes.length - 1;
    const isThere = ({ frames }: TestBus) => frames.filter((frame) => frame === mark).length >= expected;
    await waitFor(() => nodes.every(isThere), "marks of the other nodes");
  }
  for (const node of nodes) {
    const own = node.frames.filter((frame) => !frame.startsWith(MARK));
    node.frames.splice(0, node.frames.length, ...own);
  }
}
