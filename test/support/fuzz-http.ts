import fc from "fast-check";
import { type FuzzServer, MAX_MESSAGE_BYTES } from "./fuzz-server.ts";
import { arbitraryMutations, mutate, type Mutation, splitAt } from "./mutations.ts";
import { connectRaw, formatClose, handshake } from "./raw.ts";
import { waitFor } from "./session.ts";

/** A valid request, and what must come of it. */
type Asked = { bytes: Buffer; isHead: boolean; status: number; body: string | undefined };

/** What one connection sends, in which pieces, and how it ends. */
type Plan = {
  requests: Asked[];
  mutations: Mutation[];
  cuts: number[];
  ending: "end" | "reset" | "destroy";
  /** The end comes after so many writes; none: after all answers. */
  endsAfter: number | undefined;
};

/** What may be answered to anything at all. A 5xx may not: 505 apart, it would be our own fault. */
const POSSIBLE = new Set([100, 101, 200, 304, 400, 403, 404, 405, 413, 414, 426, 431, 505]);

const LAST = "GET /say?n=last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

const word = fc.string({ unit: fc.constantFrom(..."abcxyz019-_~".split("")), minLength: 1, maxLength: 8 });
const segment = fc.oneof(word, fc.constantFrom("%20", "%2e%2e", "%c3%bc", "%", "%ff", "a;b", "@", "'"));
const value = fc.string({ unit: fc.constantFrom(..."abcXYZ 019,;=:\"'/<>{}\t\u00e4".split("")), maxLength: 60 });
const header = fc.record({ name: word, value }).map(({ name, value: text }) => `X-${name}: ${text}\r\n`);
const headers = fc.array(header, { maxLength: 6 }).map((lines) => lines.join(""));
const content = fc.oneof(
  { weight: 9, arbitrary: fc.string({ unit: "binary-ascii", maxLength: 300 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 16_384, MAX_MESSAGE_BYTES).map((length) => "x".repeat(length)) },
);

const format = (method: string, target: string, lines: string, body = "") =>
  Buffer.from(`${method} ${target} HTTP/1.1\r\nHost: localhost\r\n${lines}\r\n${body}`, "latin1");

const said = fc
  .record({ method: fc.constantFrom("GET", "HEAD"), n: word, headers })
  .map(({ method, n, headers: lines }): Asked => ({
    bytes: format(method, `/say?n=${n}`, lines),
    isHead: method === "HEAD",
    status: 200,
    body: method === "HEAD" ? "" : `SAID ${n}`,
  }));

const posted = fc
  .record({
    content,
    type: fc.constantFrom("text/plain", "application/octet-stream"),
    cuts: fc.option(fc.array(fc.nat({ max: 300 }), { maxLength: 4 })),
    headers,
  })
  .map(({ content: text, type, cuts, headers: lines }): Asked => {
    const typed = `${lines}Content-Type: ${type}\r\n`;
    const bytes =
      cuts === null
        ? format("POST", "/say", `${typed}Content-Length: ${text.length}\r\n`, text)
        : format("POST", "/say", `${typed}Transfer-Encoding: chunked\r\n`, toChunks(text, cuts));
    return { bytes, isHead: false, status: 200, body: `GOT ${text.length}` };
  });

const missed = fc
  .record({ segments: fc.array(segment, { maxLength: 4 }), headers })
  .map(({ segments, headers: lines }): Asked => ({
    bytes: format("GET", `/there-is-no/${segments.join("/")}`, lines),
    isHead: false,
    status: 404,
    body: undefined,
  }));

const others = fc
  .constantFrom<[string, string, number, string | undefined]>(
    ["GET", "/file.txt", 200, "FILE"],
    ["PUT", "/say", 405, undefined],
    ["DELETE", "/file.txt", 404, undefined],
    ["GET", "/../../etc/passwd", 404, undefined],
  )
  .map(([method, target, status, body]): Asked => ({ bytes: format(method, target, ""), isHead: false, status, body }));

const upgraded = fc.record({ name: word, headers }).map(({ name, headers: lines }): Asked => ({
  bytes: Buffer.from(handshake(`/say?name=http-${name}`).replace(/\r\n$/, `${lines}\r\n`), "latin1"),
  isHead: false,
  status: 101,
  body: "",
}));

const plan: fc.Arbitrary<Plan> = fc
  .record({
    requests: fc.array(
      fc.oneof(
        { weight: 4, arbitrary: said },
        { weight: 4, arbitrary: posted },
        { weight: 2, arbitrary: missed },
        { weight: 2, arbitrary: others },
      ),
      { minLength: 1, maxLength: 5 },
    ),
    upgrade: fc.option(upgraded, { freq: 2 }),
    mutations: arbitraryMutations(
      700,
      fc.oneof(
        fc.constantFrom(..."\r\n\0 :/%?#,;+-\u00ff".split("").map((c) => c.charCodeAt(0))),
        fc.nat({ max: 255 }),
      ),
    ),
    cuts: fc.array(fc.nat({ max: 900 }), { maxLength: 8 }),
    ending: fc.constantFrom("end" as const, "reset" as const, "destroy" as const),
    endsAfter: fc.option(fc.nat({ max: 8 }), { nil: undefined, freq: 2 }),
  })
  .map(({ requests, upgrade, ...rest }) => ({
    ...rest,
    requests: upgrade === null ? requests : [...requests, upgrade],
  }));

/**
 * Several connections at once ask what they like: valid requests are answered in order, anything else never makes the
 * server fail, and nothing is left behind.
 *
 * @param server gives the server to talk to
 */
export function httpProperty(server: () => FuzzServer): fc.IAsyncProperty<[Plan[]]> {
  return fc.asyncProperty(fc.array(plan, { minLength: 1, maxLength: 3 }), async (plans) => {
    await server().forget();
    await Promise.all(plans.map((one) => act(server(), one)));
    for (const [name, { opens, closes, misplaced }] of Object.entries(await server().settled())) {
      // Two connections may have taken the same name.
      if (opens !== closes.length || (opens === 1 && misplaced.length > 0))
        throw new Error(`Session ${name} had ${opens} open and ${closes.length} close events`);
    }
    await server().check();
  });
}

async function act({ process }: FuzzServer, { requests, mutations, cuts, ending, endsAfter }: Plan): Promise<void> {
  const bytes = mutate(Buffer.concat(requests.map((request) => request.bytes)), mutations);
  using raw = await connectRaw(process.origin, "");
  for (const piece of splitAt(bytes, cuts).slice(0, endsAfter)) {
    if (raw.ended()) break;
    await new Promise((resolve) => raw.socket.write(piece, resolve));
  }
  const isValid = mutations.length === 0 && endsAfter === undefined;
  const heads = requests.map(({ isHead }) => isHead);
  if (isValid) {
    await waitFor(() => raw.ended() || readAnswers(raw.received(), heads).length >= requests.length, "answers");
    raw.socket.write(requests.at(-1)?.status === 101 ? formatClose(1000) : LAST);
  } else if (ending === "end") raw.socket.end();
  else if (ending === "reset") raw.reset();
  else raw.socket.destroy();
  await waitFor(() => raw.ended(), "end of the connection");
  // A byte more or less may have made or unmade a HEAD: only whole streams are read with their bodies.
  const answers = readAnswers(raw.received(), isValid ? heads : undefined);
  for (const { status } of answers) if (!POSSIBLE.has(status)) throw new Error(`The server answered ${status}`);
  if (!isValid) return;
  for (const [index, { status, body }] of requests.entries()) {
    const answer = answers[index];
    if (answer?.status !== status || (body !== undefined && answer.body !== body)) {
      throw new Error(`Answer ${index} is ${Bun.inspect(answer)}, expected ${status} ${body}`);
    }
  }
}

type Answer = { status: number; body: string };

/**
 * The whole answers in `bytes`, one after another; a part at the end is left out.
 *
 * @param heads which of them have no body although their headers say so; undefined: bodies are not looked at
 * @throws if anything stands between two answers
 */
function readAnswers(bytes: Buffer, heads: readonly boolean[] | undefined): Answer[] {
  const text = bytes.toString("latin1");
  if (heads === undefined)
    return Array.from(text.matchAll(/HTTP\/1\.1 (\d{3}) [\w -]+\r\n/g), ([, status]) => ({
      status: Number(status),
      body: "",
    }));
  const answers: Answer[] = [];
  let at = 0;
  for (;;) {
    const end = text.indexOf("\r\n\r\n", at);
    if (end < 0) return answers;
    const [first = "", ...lines] = text.slice(at, end).split("\r\n");
    const status = Number(/^HTTP\/1\.1 (\d{3}) [\w -]+$/.exec(first)?.[1]);
    if (Number.isNaN(status)) throw new Error(`No answer begins with ${JSON.stringify(first)}`);
    const odd = lines.find((line) => !/^[\w-]+: [^\r\n\0]*$/.test(line));
    if (odd !== undefined) throw new Error(`An answer has the header ${JSON.stringify(odd)}`);
    const length = Number(lines.find((line) => /^content-length:/i.test(line))?.slice(15) ?? 0);
    const body = heads[answers.length] === true ? "" : text.slice(end + 4, end + 4 + length);
    if (heads[answers.length] !== true && body.length < length) return answers;
    at = end + 4 + body.length;
    answers.push({ status, body });
    if (status === 101) return answers;
  }
}

function toChunks(text: string, cuts: readonly number[]): string {
  const chunks = splitAt(Buffer.from(text, "latin1"), cuts).filter(({ length }) => length > 0);
  const lines = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk.toString("latin1")}\r\n`);
  return `${lines.join("")}0\r\n\r\n`;
}
