/** Every field of the log beside its text, and what it is: `docs/logging.md` has a row for each. */
export const logFields = {
  detail: "several lines: a stack, what a parser shows, a table",
  session: "the id of a session",
  path: "a path without its query: a session's, a request's, or the pattern of a controller",
  address: "the address of a client, as far as trusted proxies tell",
  origin: "the origin of a page that was refused, without what no browser puts into one",
  reason: "why something was refused, in a word or two",
  more: "how many lines of this kind were left out since the last one: there is one in ten seconds",
  code: "the close code of a session that ended",
  bytes: "how many bytes: what waits for a slow reader, the memory in use, what was no frame",
  limitBytes: "how much memory may be in use",
  dropped: "how many messages waited for a controller whose session was closed",
  group: "the name of a group",
  controller: "the file of a controller that failed",
  file: "a file in the controllers folder",
  line: "the line in it, from 1",
  column: "the column in it, from 1",
  generation: "the number of the generation that serves",
  controllers: "how many controllers were loaded",
  changes: "the files whose change was loaded",
  kept: "how many values of `kept` there are",
  ms: "how long a load took, in milliseconds",
  url: "the address that the server listens on",
  inspector: "the address of the inspector, without a token",
  folder: "the controllers folder, or `embedded`",
  pid: "the id of the process",
  signal: "the signal that stops the server",
  sessions: "how many sessions there are",
  heldMs: "how long an event loop stood still, in milliseconds",
  running: "what ran in it",
  sleptMs: "how long the process did not run, in milliseconds",
  limit: "how many files may be open",
  lost: "how many lines of the log were lost",
  expires: "until when a certificate is valid, ISO 8601",
  worker: "the number of the worker that wrote the line, or that it is about",
  node: "the id of a node of the cluster",
  nodes: "how many other nodes there are, or which did not answer",
  frames: "how many frames of the bus did not come through",
  seconds: "how long the bus was down",
} as const;

export type LogField = keyof typeof logFields;

/** What a log line carries beside its text. */
export type LogProperties = { [Field in LogField]?: unknown } & {
  detail?: string | undefined;
  /** Makes the code around the place, which a terminal shows. */
  frame?: (() => string | undefined) | undefined;
};
