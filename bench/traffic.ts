import { FrameWriter } from "./frames.ts";
import { Inflater } from "./inflater.ts";
import type { Job, Load } from "./job.ts";
import { LoadSession } from "./load-session.ts";
import { Sample } from "./sample.ts";

/** How many connections are being opened at a time. */
const AT_ONCE = 128;

/** One sender of a group: what it has sent, and how much of it has arrived. */
class Sender {
  readonly #writer: FrameWriter;
  readonly #session: () => LoadSession;
  readonly #sentAt: Float64Array;
  sent = 0;
  /** Deliveries of its messages, at all members together. */
  delivered = 0;

  constructor(session: () => LoadSession, writer: FrameWriter, remembered: number) {
    this.#session = session;
    this.#writer = writer;
    this.#sentAt = new Float64Array(remembered);
  }

  send(count: number, now: number): void {
    for (let index = 0; index < count; index += 1) this.#sentAt[(this.sent + index) % this.#sentAt.length] = now;
    this.#session().write(this.#writer.format(this.sent, count));
    this.sent += count;
  }

  sentAt(number: number): number {
    return this.#sentAt[number % this.#sentAt.length] as number;
  }
}

/** The sessions of a job and the messages between them, each of which is accounted for. */
export class Traffic {
  readonly latencies = new Sample(100_000);
  readonly #job: Job;
  readonly #inflater: Inflater | undefined;
  readonly #sessions: LoadSession[] = [];
  readonly #senders: Sender[][];
  /** For each session, how many messages of each sender of its group it has got. */
  readonly #received: Uint32Array[] = [];
  /** Senders that may send again. */
  readonly #ready: Sender[] = [];
  readonly #failed = Promise.withResolvers<never>();
  #drained = Promise.withResolvers<void>();
  #isSending = false;
  #underWay = 0;
  #delivered = 0;
  #now = 0;

  constructor(job: Job) {
    this.#job = job;
    this.#inflater = job.compress ? new Inflater() : undefined;
    const batch = toBatch(job.load);
    const remembered = job.load.kind === "rate" ? RATE_MEMORY : batch;
    this.#senders = Array.from({ length: job.groups }, (_, group) =>
      Array.from({ length: job.senders }, (__, sender) => {
        const session = () => this.#sessions[group * job.members + sender] as LoadSession;
        return new Sender(session, new FrameWriter(job.shape, sender, batch), remembered);
      }),
    );
    this.#failed.promise.catch(() => {});
  }

  /** Opens every session of the job. */
  async open(): Promise<void> {
    const { groups, members } = this.#job;
    const total = groups * members;
    for (let first = 0; first < total; first += AT_ONCE) {
      const count = Math.min(AT_ONCE, total - first);
      const opening = Array.from({ length: count }, (_, index) => this.#open(first + index));
      this.#sessions.push(...(await this.#unlessFailed(Promise.all(opening))));
    }
    await this.#unlessFailed(Bun.sleep(this.#job.settleMs));
  }

  /** Lets the senders send for so long, and waits until all has arrived; returns the number of deliveries. */
  async run(milliseconds: number): Promise<number> {
    const before = this.#delivered;
    this.#isSending = true;
    this.#drained = Promise.withResolvers();
    const { load } = this.#job;
    const stop = load.kind === "rate" ? this.#sendAtRate(load.perSecond) : this.#startBatches(toBatch(load));
    await this.#unlessFailed(Bun.sleep(milliseconds));
    this.#isSending = false;
    stop();
    if (this.#underWay > 0) await this.#unlessFailed(this.#drained.promise);
    return this.#delivered - before;
  }

  /**
   * Makes sure that nothing more comes than was sent, and ends the sessions.
   *
   * A message that came twice is noticed by its number; only the very last ones need this wait.
   */
  async end(): Promise<void> {
    await this.#unlessFailed(Bun.sleep(50));
    for (const session of this.#sessions) session.end();
  }

  #open(index: number): Promise<LoadSession> {
    const { port, path, members, senders, copies, shape, greeting } = this.#job;
    const group = Math.floor(index / members);
    const received = new Uint32Array(senders);
    this.#received.push(received);
    const groupSenders = this.#senders[group] as Sender[];
    const credit = members * copies;
    const isSampled = index % Math.ceil((this.#job.groups * members) / 64) === 0;
    const fail = (error: Error) => this.#failed.reject(error);
    return LoadSession.open(port, path.replace("GROUP", String(group)), {
      digitsAt: shape.before.length,
      fail,
      greeting,
      inflater: this.#inflater,
      read: () => this.#sendAgain(),
      listener: {
        message: (from, number) => {
          const sender = groupSenders[from];
          const position = received[from] ?? 0;
          const expected = copies === 1 ? position : Math.floor(position / copies);
          if (sender === undefined || number !== expected || number >= sender.sent)
            throw new Error(describeMismatch({ session: index, from, number, expected, sent: sender?.sent ?? 0 }));
          received[from] = position + 1;
          if (isSampled) this.#addLatency(sender.sentAt(number));
          sender.delivered += 1;
          this.#delivered += 1;
          this.#underWay -= 1;
          if (sender.delivered === sender.sent * credit) this.#ready.push(sender);
        },
        closed: (code) => fail(new Error(`The server closed session ${index} with ${code}`)),
      },
    });
  }

  /** The time is read once for all that came at once. */
  #addLatency(sentAt: number): void {
    if (this.#now === 0) this.#now = performance.now();
    this.latencies.add(this.#now - sentAt);
  }

  #sendAgain(): void {
    this.#now = 0;
    if (this.#ready.length > 0) {
      if (this.#isSending && this.#job.load.kind === "closed") this.#sendBatches(this.#job.load.batch);
      this.#ready.length = 0;
    }
    if (this.#underWay === 0 && !this.#isSending) this.#drained.resolve();
  }

  #sendBatches(batch: number): void {
    const now = performance.now();
    for (const sender of this.#ready) this.#send(sender, batch, now);
  }

  #send(sender: Sender, count: number, now: number): void {
    sender.send(count, now);
    this.#underWay += count * this.#job.members * this.#job.copies;
  }

  #startBatches(batch: number): () => void {
    this.#ready.push(...this.#senders.flat());
    this.#sendBatches(batch);
    this.#ready.length = 0;
    return () => {};
  }

  /** Each message counts from the moment when it was due, so that a server that falls behind is seen to. */
  #sendAtRate(perSecond: number): () => void {
    const senders = this.#senders.flat();
    const startedAt = performance.now();
    let sent = 0;
    const sendDue = () => {
      const due = Math.floor(((performance.now() - startedAt) * perSecond) / 1000);
      for (; sent < due; sent += 1)
        this.#send(senders[sent % senders.length] as Sender, 1, startedAt + ((sent + 1) * 1000) / perSecond);
    };
    const timer = setInterval(sendDue, 1);
    return () => clearInterval(timer);
  }

  /** Rejects as soon as a message is wrong, a session ends, or nothing comes any more. */
  async #unlessFailed<T>(work: Promise<T>): Promise<T> {
    let delivered = -1;
    const timer = setInterval(() => {
      if (delivered === this.#delivered && this.#underWay > 0) this.#failed.reject(new Error(this.#describeLoss()));
      delivered = this.#delivered;
    }, this.#job.patienceMs);
    return Promise.race([work, this.#failed.promise]).finally(() => clearInterval(timer));
  }

  #describeLoss(): string {
    const { members, copies } = this.#job;
    for (const [index, received] of this.#received.entries()) {
      for (const [from, { sent }] of (this.#senders[Math.floor(index / members)] as Sender[]).entries()) {
        if (received[from] !== sent * copies)
          return `Lost ${this.#underWay} messages: session ${index} got ${received[from]} of the ${sent * copies} from sender ${from}`;
      }
    }
    return `Lost ${this.#underWay} messages`;
  }
}

/** At a fixed rate, so many messages of one sender may be under way before their times are forgotten. */
const RATE_MEMORY = 65_536;

function toBatch(load: Load): number {
  return load.kind === "closed" ? load.batch : 1;
}

type Mismatch = { session: number; from: number; number: number; expected: number; sent: number };

function describeMismatch({ session, from, number, expected, sent }: Mismatch): string {
  const what =
    number >= sent ? "was never sent" : number < expected ? "came twice" : "came before others, or they are lost";
  return `Session ${session} got message ${number} of sender ${from}, expected message ${expected}: it ${what}`;
}
