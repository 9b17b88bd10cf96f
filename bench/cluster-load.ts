import { FrameWriter } from "./frames.ts";
import { LoadSession } from "./load-session.ts";
import { readTimes } from "./process.ts";
import { Sample } from "./sample.ts";
import { createShape } from "./shape.ts";
import { percentile } from "./statistics.ts";

/** How often the senders send what is due, in milliseconds. */
const STEP_MS = 5;

/** So many messages of a sender have their moment remembered. */
const REMEMBERED = 4096;

/** How long what was sent may take to arrive, in milliseconds. */
const PATIENCE_MS = 10_000;

const MESSAGE_BYTES = 64;

export type ClusterCase = {
  groups: number;
  /** Members of each group, the sender among them. */
  members: number;
  /** Messages that all senders together send in a second. */
  perSecond: number;
  /** The node of a group's member; the first member sends. */
  placeOf: (group: number, member: number) => number;
};

export type ClusterFigures = {
  /** CPU of all nodes for each message that reached a member, in microseconds. */
  nodeMicroseconds: number;
  /** The same of each other process that was given. */
  otherMicroseconds: number[];
  /** CPU seconds of all nodes, and of each other process, in a second. */
  nodeLoad: number;
  otherLoad: number[];
  p50Ms: number;
  p99Ms: number;
};

type Sender = { session: LoadSession; writer: FrameWriter; sent: number; sentAt: Float64Array };

/** Sessions at the nodes of a cluster, whose groups talk at a fixed rate; every message is accounted for. */
export class ClusterLoad implements Disposable {
  readonly #case: ClusterCase;
  readonly #latencies = new Sample(200_000);
  readonly #sessions: LoadSession[] = [];
  readonly #senders: Sender[] = [];
  readonly #failed = Promise.withResolvers<never>();
  #delivered = 0;

  private constructor(measured: ClusterCase) {
    this.#case = measured;
    this.#failed.promise.catch(() => {});
  }

  static async open(measured: ClusterCase, ports: readonly number[]): Promise<ClusterLoad> {
    const load = new ClusterLoad(measured);
    const shape = createShape(MESSAGE_BYTES);
    for (let group = 0; group < measured.groups; group += 1) {
      const opening = Array.from({ length: measured.members }, (_, member) => {
        const port = ports[measured.placeOf(group, member)] ?? 0;
        return LoadSession.open(port, `/room/${group}`, load.#optionsFor(group));
      });
      const sessions = await Promise.race([Promise.all(opening), load.#failed.promise]);
      load.#sessions.push(...sessions);
      const [session] = sessions;
      if (session === undefined) throw new Error("A group needs a member");
      const writer = new FrameWriter(shape, group, 64);
      load.#senders.push({ session, writer, sent: 0, sentAt: new Float64Array(REMEMBERED) });
    }
    return load;
  }

  /**
   * Sends for so long and waits until all has arrived; tells what it cost.
   *
   * @param others further processes whose CPU is read
   */
  async run(seconds: number, nodes: readonly number[], others: readonly number[]): Promise<ClusterFigures> {
    const pids = [...nodes, ...others];
    this.#latencies.clear();
    this.#delivered = 0;
    const before = pids.map((pid) => readTimes(pid).cpuSeconds);
    const startedAt = performance.now();
    const sent = await Promise.race([this.#send(seconds), this.#failed.promise]);
    const expected = sent * this.#case.members;
    const deadline = performance.now() + PATIENCE_MS;
    while (this.#delivered < expected) {
      if (performance.now() > deadline)
        throw new Error(`${expected - this.#delivered} of ${expected} messages did not arrive`);
      await Promise.race([Bun.sleep(1), this.#failed.promise]);
    }
    const wallSeconds = (performance.now() - startedAt) / 1000;
    const used = pids.map((pid, index) => readTimes(pid).cpuSeconds - (before[index] ?? 0));
    if (this.#delivered > expected) throw new Error(`${this.#delivered - expected} messages came twice`);
    const ofNodes = used.slice(0, nodes.length).reduce((sum, each) => sum + each, 0);
    const ofOthers = used.slice(nodes.length);
    const { values } = this.#latencies;
    return {
      nodeMicroseconds: (ofNodes * 1e6) / expected,
      otherMicroseconds: ofOthers.map((each) => (each * 1e6) / expected),
      nodeLoad: ofNodes / wallSeconds,
      otherLoad: ofOthers.map((each) => each / wallSeconds),
      p50Ms: percentile(values, 50),
      p99Ms: percentile(values, 99),
    };
  }

  [Symbol.dispose](): void {
    for (const session of this.#sessions) session.end();
  }

  async #send(seconds: number): Promise<number> {
    const startedAt = performance.now();
    let sent = 0;
    for (;;) {
      const now = performance.now();
      const passedMs = Math.min(now - startedAt, seconds * 1000);
      const due = Math.floor((passedMs / 1000) * this.#case.perSecond);
      for (; sent < due; sent += 1) {
        const sender = this.#senders[sent % this.#senders.length] as Sender;
        sender.sentAt[sender.sent % REMEMBERED] = now;
        sender.session.write(sender.writer.format(sender.sent, 1));
        sender.sent += 1;
      }
      if (passedMs >= seconds * 1000) return sent;
      await Bun.sleep(STEP_MS);
    }
  }

  #optionsFor(group: number) {
    return {
      digitsAt: 0,
      read: () => {},
      fail: (error: Error) => this.#failed.reject(error),
      listener: {
        message: (sender: number, number: number) => {
          if (sender !== group) this.#failed.reject(new Error(`Group ${group} got a message of group ${sender}`));
          this.#delivered += 1;
          this.#latencies.add(performance.now() - (this.#senders[group]?.sentAt[number % REMEMBERED] ?? 0));
        },
        closed: (code: number) => this.#failed.reject(new Error(`The server closed a session with ${code}`)),
      },
    };
  }
}
