import fc from "fast-check";
import { readAsServer } from "./frame-model.ts";
import { type FuzzServer, type Kind, kinds, MAX_MESSAGE_BYTES, TRIGGER } from "./fuzz-server.ts";
import { formatClose, formatFrame, openRaw } from "./raw.ts";
import { arbitraryMutations, mutate, type Mutation, splitAt } from "./mutations.ts";
import { waitFor } from "./session.ts";
import { readOutcome } from "./witness.ts";

/** One session of a run: what it sends, in which pieces, and how it ends if the server does not end it. */
type Plan = {
  kind: Kind;
  /** Frames, each as its bytes. */
  frames: Buffer[];
  mutations: Mutation[];
  /** Where the bytes are cut into writes. */
  cuts: number[];
  /** Sent together with the upgrade request: what stands before the first cut. */
  isEarly: boolean;
  ending: "end" | "reset" | "destroy";
  /** The end comes after so many writes; none: after all of them. */
  endsAfter: number | undefined;
};

const maskKey = fc.uint8Array({ minLength: 4, maxLength: 4 });
const payload = fc.oneof(
  { weight: 8, arbitrary: fc.string({ unit: "grapheme", maxLength: 40 }).map((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 140 }).map((bytes) => Buffer.from(bytes)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("", TRIGGER, "\0", "\ufeff", `x${TRIGGER}`).map((text) => Buffer.from(text)),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(125, 126, 127, 65_535, 65_536, MAX_MESSAGE_BYTES - 1, MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES + 1)
      .map((length) => Buffer.alloc(length, "x")),
  },
);
const controlPayload = fc.uint8Array({ maxLength: 125 });

const control = fc
  .record({ opcode: fc.constantFrom(9, 10), payload: controlPayload, maskKey })
  .map(({ opcode, payload: bytes, maskKey: key }) => formatFrame(opcode, bytes, { maskKey: key }));

/** A message in one frame or several, with control frames between them. */
const message = fc
  .record({
    opcode: fc.constantFrom(1, 1, 1, 2),
    payload,
    cuts: fc.array(fc.nat({ max: 140 }), { maxLength: 4 }),
    between: fc.array(control, { maxLength: 2 }),
    maskKey,
  })
  .map(({ opcode, payload: bytes, cuts, between, maskKey: key }) => {
    const parts = splitAt(bytes, cuts);
    const frames = parts.map((part, index) =>
      formatFrame(index === 0 ? opcode : 0, part, { fin: index === parts.length - 1, maskKey: key }),
    );
    const [first = Buffer.alloc(0), ...others] = frames;
    return Buffer.concat(others.length === 0 ? [first] : [first, ...between, ...others]);
  });

/** Any frame at all, whatever its parts say. */
const anyFrame = fc
  .record({
    opcode: fc.nat({ max: 15 }),
    payload: fc.uint8Array({ maxLength: 130 }),
    fin: fc.boolean(),
    mask: fc.boolean(),
    rsv: fc.nat({ max: 7 }),
    lengthBits: fc.constantFrom(undefined, 64 as const),
    length: fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { nil: undefined, freq: 8 }),
  })
  .map(({ opcode, payload: bytes, lengthBits, length, ...options }) =>
    formatFrame(opcode, bytes, {
      ...options,
      ...(lengthBits === undefined ? {} : { lengthBits }),
      ...(length === undefined ? {} : { length, lengthBits: 64 as const }),
    }),
  );

const closing = fc.oneof(
  fc.constant(formatClose()),
  fc
    .record({ code: fc.oneof(fc.constantFrom(1000, 1001, 4000, 4999), fc.nat({ max: 5100 })), reason: payload })
    .map(({ code, reason }) => formatClose(code, reason.subarray(0, 123))),
);

const plan: fc.Arbitrary<Plan> = fc.record({
  kind: fc.constantFrom(...kinds),
  frames: fc.array(
    fc.oneof(
      { weight: 12, arbitrary: message },
      { weight: 3, arbitrary: control },
      { weight: 1, arbitrary: anyFrame },
      { weight: 1, arbitrary: closing },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)) },
    ),
    { maxLength: 12 },
  ),
  mutations: arbitraryMutations(400, fc.nat({ max: 255 })),
  cuts: fc.array(fc.nat({ max: 600 }), { maxLength: 8 }),
  isEarly: fc.boolean(),
  ending: fc.constantFrom("end" as const, "reset" as const, "destroy" as const),
  endsAfter: fc.option(fc.nat({ max: 8 }), { nil: undefined, freq: 2 }),
});

/**
 * Several sessions at once say what they like; each must be treated as RFC 6455 wants, and leave nothing behind.
 *
 * @param server gives the server to talk to
 */
export function framesProperty(server: () => FuzzServer): fc.IAsyncProperty<[Plan[]]> {
  return fc.asyncProperty(fc.array(plan, { minLength: 1, maxLength: 3 }), async (plans) => {
    await server().forget();
    const seen = await Promise.all(plans.map((one, index) => act(server(), one, `s${index}`)));
    const heard = await server().settled();
    for (const [index, one] of plans.entries()) judge(one, seen[index] as Seen, heard[`s${index}`]);
    await server().check();
  });
}

/** What a session saw; `sent` is what it had written when it ended the connection, or was ended. */
type Seen = { received: Buffer; sent: Buffer; hasEnded: boolean };

async function act({ process }: FuzzServer, plan: Plan, name: string): Promise<Seen> {
  const bytes = mutate(Buffer.concat(plan.frames), plan.mutations);
  const pieces = splitAt(bytes, plan.cuts);
  const early = plan.isEarly && plan.endsAfter === undefined ? (pieces.shift() ?? Buffer.alloc(0)) : Buffer.alloc(0);
  using raw = await openRaw(
    `${process.origin}/${plan.kind}?name=${name}&wait=${plan.cuts.length % 2 || ""}`,
    {},
    early,
  );
  let sent = early;
  for (const piece of pieces.slice(0, plan.endsAfter)) {
    if (raw.ended()) break;
    await new Promise((resolve) => raw.socket.write(piece, resolve));
    sent = Buffer.concat([sent, piece]);
  }
  const { end } = readAsServer(sent, MAX_MESSAGE_BYTES);
  const mustEnd = plan.endsAfter === undefined && (end !== undefined || findTrigger(plan, sent) !== undefined);
  if (mustEnd) await waitFor(() => raw.ended(), `end of the session ${name}`);
  else if (plan.ending === "end") raw.socket.end();
  else if (plan.ending === "reset") raw.reset();
  else raw.socket.destroy();
  await waitFor(() => raw.ended(), `end of the connection ${name}`);
  return { received: raw.received(), sent, hasEnded: mustEnd };
}

function judge(plan: Plan, { received, sent, hasEnded }: Seen, heard: Record<string, unknown> | undefined): void {
  const { messages, pings, end, mayEnd } = readAsServer(sent, MAX_MESSAGE_BYTES);
  const trigger = findTrigger(plan, sent);
  const answered = trigger === undefined ? messages : messages.slice(0, trigger);
  const outcome = readOutcome(received);
  const {
    opens,
    closes,
    misplaced,
    messages: told,
  } = heard as {
    opens: number;
    closes: number[];
    misplaced: string[];
    messages: string[];
  };
  const fail = (what: string, is: unknown, wanted: unknown) => {
    throw new Error(`${what}: ${Bun.inspect(is)}, expected ${Bun.inspect(wanted)}`);
  };
  if (opens !== 1 || closes.length !== 1 || misplaced.length > 0)
    fail("open and close events", { opens, closes, misplaced }, "one each");
  if (!isPrefix(outcome.echoes, answered)) fail("echoes", outcome.echoes, answered);
  const wanted = (trigger === undefined ? messages : messages.slice(0, trigger + 1)).map(describe);
  if (!isPrefix(told, wanted)) fail("messages that the controller heard", told, wanted);
  if (!hasEnded) return;
  // The server ended it: nothing that came before may be lost, neither in the controller nor, if it answers at once, back.
  const isImmediate = plan.kind !== "async" && plan.kind !== "rejects";
  const codes = [
    ...(isImmediate && trigger !== undefined ? [] : [...(end ?? []), ...mayEnd]),
    ...(trigger === undefined ? [] : [plan.kind === "closes" ? 4400 : 1011]),
  ];
  if (!codes.includes(outcome.close?.code ?? 0)) fail("close code", outcome.close, codes);
  if (!codes.includes(closes[0] ?? 0)) fail("close code of the event", closes, codes);
  if (isImmediate && outcome.echoes.length !== answered.length) fail("echoes", outcome.echoes, answered);
  if (isImmediate && trigger === undefined && outcome.pongs !== pings.length)
    fail("pongs", outcome.pongs, pings.length);
  if ((isImmediate || trigger === undefined) && told.length !== wanted.length)
    fail("messages that the controller heard", told, wanted);
}

/** The index of the first message that makes the controller fail or close. */
function findTrigger(plan: Plan, sent: Buffer): number | undefined {
  if (plan.kind === "sync" || plan.kind === "async") return undefined;
  const index = readAsServer(sent, MAX_MESSAGE_BYTES).messages.findIndex((message) =>
    Buffer.from(message as Buffer).includes(TRIGGER),
  );
  return index < 0 ? undefined : index;
}

/** As `_heard.js` of the server describes a message. */
function describe(message: string | Buffer): string {
  return (typeof message === "string" ? "t" : "b") + Bun.hash(message).toString(36);
}

function isPrefix(list: (string | Buffer)[], whole: (string | Buffer)[]): boolean {
  return list.length <= whole.length && list.every((item, index) => Bun.deepEquals(item, whole[index]));
}
