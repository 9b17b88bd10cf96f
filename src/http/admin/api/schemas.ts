import * as v from "valibot";
import { sessionSorts } from "../backend.ts";
import { isSendableCode, MAX_REASON_BYTES } from "../../../sessions/close-codes.ts";

const MAX_ROWS = 1000;
const DEFAULT_ROWS = 100;

const group = v.pipe(
  v.string("must be a text"),
  v.nonEmpty("must not be empty"),
  v.description("The name of a group, at most 200 bytes"),
);

const session = v.pipe(v.string("must be a text"), v.description("The id of a session"));

const message = v.pipe(
  v.unknown(),
  v.description(
    "A text is sent as it is, everything else as JSON; with the encoding base64 it is the bytes of a binary frame",
  ),
);

const encoding = v.optional(v.picklist(["json", "base64"], 'must be "json" or "base64"'), "json");

export const publishBody = v.strictObject({
  group,
  message,
  encoding,
  except: v.optional(v.pipe(v.string("must be a text"), v.description("The id of a session that does not get it"))),
});

export const sendBody = v.strictObject({ session, message, encoding });

export const closeBody = v.strictObject({
  session,
  code: v.optional(
    v.pipe(
      v.number("must be a number"),
      v.check(isSendableCode, "must be 1000 to 1003, 1007 to 1014 or 3000 to 4999"),
      v.description("The close code: 1000 to 1003, 1007 to 1014 or 3000 to 4999"),
    ),
    1000,
  ),
  reason: v.optional(
    v.pipe(
      v.string("must be a text"),
      v.check((text) => Buffer.byteLength(text) <= MAX_REASON_BYTES, `must have at most ${MAX_REASON_BYTES} bytes`),
      v.description(`The close reason, at most ${MAX_REASON_BYTES} bytes`),
    ),
    "",
  ),
});

function wholeNumber(min: number, max: number) {
  const wanted = `must be a whole number from ${min} to ${max}`;
  return v.pipe(v.number(wanted), v.integer(wanted), v.minValue(min, wanted), v.maxValue(max, wanted));
}

const page = {
  offset: v.optional(v.pipe(wholeNumber(0, 1_000_000_000), v.description("How many to leave out")), 0),
  limit: v.optional(v.pipe(wholeNumber(1, MAX_ROWS), v.description("The most to give")), DEFAULT_ROWS),
};

function sortBy<const Name extends string>(...names: [Name, ...Name[]]) {
  const all = names.flatMap((name) => [name, `-${name}` as const]);
  const wanted = `must be one of ${all.join(", ")}`;
  return v.optional(
    v.pipe(v.picklist(all, wanted), v.description("What to sort by; - before it for the other way round")),
    names[0],
  );
}

export const groupQuery = v.strictObject({
  ...page,
  prefix: v.optional(v.pipe(v.string(), v.description("What the names begin with")), ""),
  sort: sortBy("name", "size"),
});

export const sessionQuery = v.strictObject({
  ...page,
  path: v.optional(v.pipe(v.string(), v.description("The path of the session, or the path pattern of its controller"))),
  group: v.optional(v.pipe(v.string(), v.description("A group that the session is in"))),
  sort: sortBy(...sessionSorts),
});

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

export const published = v.object({
  members: v.pipe(count, v.description("How many sessions are in the group")),
});
export const sent = v.object({ sent: v.literal(true) });
export const closed = v.object({ closed: v.literal(true) });

export const groupPage = v.object({
  total: v.pipe(count, v.description("How many there are in all")),
  groups: v.array(v.object({ name: v.string(), size: count })),
});

const row = {
  id: v.string(),
  path: v.string(),
  controller: v.pipe(v.string(), v.description("The path pattern of its controller")),
  address: v.pipe(v.string(), v.description("The remote address, as far as trusted proxies tell")),
  openedAt: v.pipe(v.string(), v.isoTimestamp()),
  groupCount: count,
  messagesReceived: count,
  messagesSent: count,
  sizeReceived: v.pipe(count, v.description("Bytes of binary and characters of text")),
  sizeSent: v.pipe(count, v.description("Bytes of binary and characters of text")),
  backlogBytes: v.pipe(count, v.description("What waits for it because it reads slowly")),
};

export const sessionPage = v.object({
  total: v.pipe(count, v.description("How many there are in all")),
  sessions: v.array(v.object(row)),
});

export const sessionDetails = v.object({
  ...row,
  groups: v.pipe(v.array(v.string()), v.description("The names of its groups, sorted")),
  timeoutSeconds: v.pipe(v.number(), v.description("Without a sign of life for so long it is closed; 0 for never")),
  user: v.optional(v.pipe(v.unknown(), v.description("Who its client is, if its token was verified"))),
});

export const health = v.object({
  status: v.picklist(["ready", "not ready"]),
  reason: v.optional(v.pipe(v.string(), v.description("Why it is not ready"))),
  version: v.string(),
  runtime: v.string(),
  generation: v.pipe(count, v.description("The number of the generation that serves")),
  lastFault: v.optional(v.pipe(v.string(), v.description("Why the last load was refused"))),
  startedAt: v.pipe(v.string(), v.isoTimestamp()),
  uptimeSeconds: v.number(),
  sessions: count,
  groups: count,
  eventLoopLagSeconds: v.pipe(v.number(), v.description("The longest delay of the event loop in the last ten seconds")),
  memoryBytes: count,
  limits: v.pipe(
    v.object({
      maxSessions: count,
      maxSessionsPerAddress: count,
      maxUpgradesPerSecond: count,
      maxMessageBytes: count,
      maxBacklogBytes: count,
      maxGroups: count,
    }),
    v.description("0 stands for no limit"),
  ),
});

export const refused = v.object({
  status: v.pipe(v.number(), v.description("The HTTP status")),
  message: v.pipe(v.string(), v.description("One sentence")),
});
