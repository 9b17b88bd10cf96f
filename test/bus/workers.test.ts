import { expect, test } from "bun:test";
import { createWay, type WorkerWay, WorkersNetwork } from "../../src/bus/workers.ts";
import { waitFor } from "../support/session.ts";
import { testBus } from "./contract.ts";

testBus("WorkersNetwork", async () => {
  const networks: WorkersNetwork[] = [];
  const ways: WorkerWay[] = [];
  return {
    open(end) {
      const network = new WorkersNetwork();
      for (const other of networks) {
        const [there, here] = createWay();
        ways.push(there, here);
        other.add(there);
        network.add(here);
      }
      networks.push(network);
      return network.open(end);
    },
    async [Symbol.asyncDispose]() {
      for (const { port } of ways) port.close();
    },
  };
});

/** Two workers that know each other, and what the first is told. */
async function openPair() {
  const [one, other] = [new WorkersNetwork(), new WorkersNetwork()];
  const [there, here] = createWay();
  one.add(there);
  other.add(here);
  const told = { lost: 0, gone: [] as string[] };
  const delivered: Uint8Array[] = [];
  const bus = one.open({
    node: "aaaaaaaaaaaa",
    deliver: () => {},
    onStage: () => {},
    onLost: (frames) => (told.lost += frames),
    onGone: (node) => told.gone.push(node),
  });
  const peer = other.open({
    node: "bbbbbbbbbbbb",
    deliver: (frame) => delivered.push(new Uint8Array(frame)),
    onStage: () => {},
    onLost: () => {},
  });
  bus.start();
  return { bus, peer, told, delivered };
}

test("WorkersBus holds 16 MiB for a worker that takes nothing, counts what is lost, and goes on when it takes some", async () => {
  const { bus, peer, told, delivered } = await openPair();
  const frame = new Uint8Array(1024 * 1024);
  for (let count = 0; count < 20; count += 1) bus.broadcast(frame);
  expect(told.lost).toBe(5);
  peer.start();
  await waitFor(() => delivered.length === 15, "frames that were not lost");
  bus.broadcast(frame.subarray(0, 7));
  await waitFor(() => delivered.length === 16, "a frame after them");
  expect([told.lost, delivered.at(-1)?.length]).toEqual([5, 7]);
  await Promise.all([bus.stop(), peer.stop()]);
});

test("WorkersBus tells that a worker has ended", async () => {
  const { bus, peer, told } = await openPair();
  peer.start();
  peer.broadcast(new Uint8Array(1));
  await waitFor(async () => {
    await peer.stop();
    return told.gone.length > 0;
  }, "end of the other");
  expect(told.gone).toEqual(["bbbbbbbbbbbb"]);
  await bus.stop();
});
