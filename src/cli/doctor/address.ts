import type { Config } from "../../core/config.ts";
import { describeError } from "../../core/errors.ts";
import type { Seen } from "../../http/health.ts";
import { AllowedOrigins } from "../../http/origin.ts";
import { askUpgrade, type UpgradeAnswer } from "./ask.ts";
import type { Finding } from "./finding.ts";
import { examineSilence } from "./silent-session.ts";

export type AddressOptions = {
  config: Config;
  /** The path of a server that takes every session, if that stands in for the real one. */
  path: string | undefined;
  /** Told what is waited for. */
  onWait: (text: string) => void;
};

/** What was found of an address, and what time it says it is. */
export type AddressFindings = { findings: Finding[]; time: number | undefined };

/** Connects to the server as clients do, by the address that they use, and finds what is in the way. */
export async function examineAddress(url: URL, { config, path, onWait }: AddressOptions): Promise<AddressFindings> {
  let answer: UpgradeAnswer;
  try {
    answer = await askUpgrade(new URL("/-/health", url));
  } catch (error) {
    return { findings: [describeUnreached(url, error)], time: undefined };
  }
  const server = examineServer(url, answer, config);
  const time = Date.parse(answer.headers.date ?? "");
  const findings = [server];
  if (server.state === "ok") {
    const seen = readSeen(answer);
    const upgrade = examineUpgrade(seen, answer);
    findings.push(upgrade);
    if (seen !== undefined) findings.push(examineProxy(url, seen, config), examineOrigin(url, seen, config));
    if (upgrade.state === "ok") findings.push(await examineSilence(new URL(path ?? url.href, url), config, onWait));
  }
  return { findings, time: Number.isNaN(time) ? undefined : time };
}

function describeUnreached({ href, hostname }: URL, error: unknown): Finding {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  const isUnknownName = /ENOTFOUND|EAI_|DNS/.test(code);
  const isRefused = /ECONNREFUSED|ConnectionRefused/.test(code);
  const why = isUnknownName
    ? `"${hostname}" leads nowhere`
    : isRefused
      ? "nothing listens there"
      : describeError(error);
  const advice = isUnknownName
    ? "see that the name is right, and has an address in DNS"
    : "start the proxy, and see that it listens there and that no firewall is in between";
  return { name: "server", state: "wrong", found: `${href} cannot be reached: ${why}`, advice };
}

/** Whether the address leads to a server of ours at all. */
function examineServer(url: URL, answer: UpgradeAnswer, { host, port }: Config): Finding {
  const name = "server";
  const { status, headers } = answer;
  const who = describeProxy(answer);
  if (headers.location !== undefined) {
    const advice = `ask for the address that clients use: \`hubbub doctor ${headers.location.replace("/-/health", url.pathname)}\``;
    return { name, state: "wrong", found: `${who} leads to ${headers.location}`, advice };
  }
  if (readStatus(answer) === "alive") return { name, state: "ok", found: `a hubbub answers at ${url.origin}` };
  if (status >= 502 && status <= 504) {
    const advice = `let it pass requests on to http://${host}:${port}/, where the server listens, and see that the server runs`;
    return { name, state: "wrong", found: `${who} answers ${status}: it does not reach the server`, advice };
  }
  const advice = "let the proxy pass on every path, those that begin with /-/ too";
  return { name, state: "wrong", found: `${who} answers ${status}, and that is no hubbub`, advice };
}

/** Whether an upgrade request arrives as one. */
function examineUpgrade(seen: Seen | undefined, answer: UpgradeAnswer): Finding {
  const name = "upgrade";
  const advice =
    "let the proxy pass on Upgrade and Connection, over HTTP/1.1; in nginx: " +
    "`proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;`";
  if (seen === undefined) {
    const found = `the header Upgrade does not arrive: ${describeProxy(answer)} takes it away, so no session can be opened`;
    return { name, state: "wrong", found, advice };
  }
  if (seen.refusal !== null)
    return { name, state: "wrong", found: `no session can be opened: ${seen.refusal}`, advice };
  return { name, state: "ok", found: "an upgrade request arrives as it was sent" };
}

/** Whether the server knows its clients from the proxy between them. */
function examineProxy(url: URL, { proxy }: Seen, { port, tlsCertFile }: Config): Finding {
  const name = "proxy";
  const advice = "give the proxy's address to --trust-proxy: 127.0.0.1 if it is on the server's machine";
  if (proxy === "trusted") return { name, state: "ok", found: "what the proxy says of its clients is believed" };
  if (proxy === "untrusted") {
    const found =
      "the proxy is not believed (--trust-proxy): all clients seem to have its address, and share the limits for one address";
    return { name, state: "wrong", found, advice };
  }
  const isDirect = url.protocol === (tlsCertFile === "" ? "http:" : "https:") && findPort(url) === port;
  if (isDirect) return { name, state: "ok", found: "there is none in between" };
  const found = "what is in between does not say for whom it asks: all clients seem to have its address";
  const add =
    "let it add X-Forwarded-For and X-Forwarded-Proto; in nginx: `proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;`";
  return { name, state: "warning", found, advice: `${add}. Then ${advice}` };
}

/** Whether pages of the address itself may open sessions. */
function examineOrigin(url: URL, { origin, proxy }: Seen, { origins }: Config): Finding {
  const name = "origin";
  const own = URL.canParse(origin) ? new URL(origin) : undefined;
  if (own?.origin === url.origin) return { name, state: "ok", found: `pages of ${url.origin} may open sessions` };
  const [scheme = "", authority = ""] = origin.split("://");
  const isAllowed = new AllowedOrigins(origins).allows(url.origin, {
    scheme: scheme === "https" ? scheme : "http",
    authority,
    remoteAddress: "",
  });
  const found = `the server takes ${origin} for its own address, and not ${url.origin}`;
  const isOtherHost = own?.host !== url.host && own?.hostname !== url.hostname;
  const advice = isOtherHost
    ? "let the proxy pass on the header Host; in nginx: `proxy_set_header Host $http_host;`"
    : proxy === "untrusted"
      ? "give the proxy's address to --trust-proxy: 127.0.0.1 if it is on the server's machine"
      : "let the proxy send X-Forwarded-Proto; in nginx: `proxy_set_header X-Forwarded-Proto $scheme;`";
  return isAllowed
    ? { name, state: "warning", found: `${found}; --origins lets its pages in`, advice }
    : { name, state: "wrong", found: `${found}: it refuses sessions of its own pages with 403`, advice };
}

function findPort({ port, protocol }: URL): number {
  return port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
}

/** Who answers, as far as it says so: `nginx/1.26.3`. */
function describeProxy({ headers: { server } }: UpgradeAnswer): string {
  return typeof server === "string" && server !== "" ? server : "what is in between";
}

function readStatus({ body }: UpgradeAnswer): unknown {
  return readJson(body)["status"];
}

function readSeen({ body }: UpgradeAnswer): Seen | undefined {
  return readJson(body)["seen"] as Seen | undefined;
}

function readJson(body: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(body)) as Record<string, unknown>;
  } catch {
    return {};
  }
}
