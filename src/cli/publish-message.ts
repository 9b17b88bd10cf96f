import type { Config } from "../core/config.ts";
import { describeError, Fault } from "../core/errors.ts";
import { formatCount } from "../core/units.ts";
import { readToken } from "./admin-token.ts";
import type { Given } from "./command.ts";
import { readGivenConfig } from "./config-file.ts";
import { print } from "./print.ts";

/** How long the server may take to answer. */
const ANSWER_MS = 10_000;

/** What the API answers, or why it refuses. */
type Answer = { members?: unknown; message?: unknown };

/**
 * Publishes one message through the API of a server that runs; returns the exit code.
 *
 * @throws {Fault} `PUBLISH` with the reason; `FLAG_VALUE`, `ADMIN_TOKEN`, `CONFIG_VALUE`, `CONFIG_FILE`
 */
export async function publishMessage({ operands: [group = "", text = ""], flags }: Given): Promise<number> {
  const config = readGivenConfig({ settings: {} });
  const address = findAddress(flags["url"], config);
  const token = readToken(typeof flags["token"] === "string" ? flags["token"] : config.adminToken);
  const fail = (what: string) => new Fault("PUBLISH", `Cannot publish to "${group}" at ${address.href}: ${what}`);
  if (token === "") throw fail("there is no token, expected the variable HUBBUB_ADMIN_TOKEN or --token");
  const body = { group, ...(await readMessage(text, flags)) };
  const { status, answer } = await post(new URL("-/api/publish", address), token, body, fail);
  if (status === 200 && typeof answer.members === "number") {
    const { members } = answer;
    return print(`Published to ${group}: ${members === 0 ? "nobody is in it" : formatCount(members, "session")}\n`);
  }
  if (status === 401) throw fail("the token is wrong, expected that of the server");
  if (typeof answer.message === "string") throw fail(`${answer.message} (${status})`);
  throw fail(
    `it answered ${status}, expected a Hubbub server${status === 413 ? " that takes as large a message" : ""}`,
  );
}

/** @throws {Fault} `FLAG_VALUE` */
function findAddress(given: string | true | undefined, { host, port, tlsCertFile }: Config): URL {
  if (typeof given !== "string") {
    const any = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
    return new URL(`${tlsCertFile === "" ? "http" : "https"}://${any.includes(":") ? `[${any}]` : any}:${port}/`);
  }
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
    throw new Fault("FLAG_VALUE", `Cannot use --url "${given}": expected an address such as http://127.0.0.1:3000/`);
  }
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return new URL(url.pathname, url);
}

/** @throws {Fault} `FLAG_VALUE` for what is no JSON */
async function readMessage(text: string, flags: Given["flags"]): Promise<{ message: unknown; encoding?: "base64" }> {
  const bytes = text === "-" ? Buffer.from(await Bun.stdin.bytes()) : Buffer.from(text);
  if (flags["binary"] === true) return { message: bytes.toString("base64"), encoding: "base64" };
  const message = text === "-" ? bytes.toString().replace(/\r?\n$/, "") : text;
  if (flags["json"] !== true) return { message };
  try {
    return { message: JSON.parse(message) as unknown };
  } catch (error) {
    throw new Fault("FLAG_VALUE", `Cannot use --json: the message is no JSON (${describeError(error)}), expected JSON`);
  }
}

async function post(
  url: URL,
  token: string,
  body: object,
  fail: (what: string) => Fault,
): Promise<{ status: number; answer: Answer }> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(body),
      redirect: "manual",
      signal: AbortSignal.timeout(ANSWER_MS),
    });
  } catch (error) {
    throw fail(`${describeFailure(error)}, expected a server that runs there (--url)`);
  }
  const { status } = response;
  const location = response.headers.get("location");
  if (location !== null) throw fail(`it leads to ${location}, expected the server's own address (--url)`);
  return { status, answer: await readAnswer(response) };
}

/** What is no JSON object says nothing. */
async function readAnswer(response: Response): Promise<Answer> {
  const body: unknown = await response.json().catch(() => undefined);
  return typeof body === "object" && body !== null ? body : {};
}

function describeFailure(error: unknown): string {
  const { code, name } = error as { code?: string; name?: string };
  if (code === "ConnectionRefused" || code === "ECONNREFUSED") return "nothing listens there";
  if (name === "TimeoutError") return `it did not answer within ${ANSWER_MS / 1000} s`;
  return describeError(error).replace(/\.$/, "");
}
