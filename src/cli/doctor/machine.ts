import type { Config } from "../../core/config.ts";
import { describeError, Fault } from "../../core/errors.ts";
import { countAffordableSessions, countOpenFilesFor, readOpenFileLimit } from "../../core/open-files.ts";
import { formatCount } from "../../core/units.ts";
import { describeExpiry, formatDay, readCertificate } from "../../http/certificate.ts";
import type { Finding } from "./finding.ts";
import type { Occupant } from "./port.ts";

/** With fewer open files than these, a server is full sooner than one expects. */
const FEW_OPEN_FILES = 4096;

/** So many are plenty. */
const MANY_OPEN_FILES = 65_536;

/** Whether as many files may be open as there may be sessions: of the server that runs, or else of this shell. */
export function examineOpenFiles({ maxSessions }: Pick<Config, "maxSessions">, occupant: Occupant): Finding {
  const name = "open files";
  const pid = occupant.kind === "hubbub" ? occupant.user?.pid : undefined;
  const limit = readOpenFileLimit(pid);
  if (limit === undefined) return { name, state: "unknown", found: "this system does not say how many may be open" };
  const affordable = countAffordableSessions(limit);
  const whose = pid === undefined ? "in this shell" : `of process ${pid}`;
  const found = `${limit.toLocaleString("en")} ${whose}, which is room for ${formatCount(affordable, "session")}`;
  const wanted = Math.max(MANY_OPEN_FILES, countOpenFilesFor(maxSessions));
  const advice = `\`ulimit -n ${wanted}\` before the server is started, or LimitNOFILE=${wanted} in its unit, as \`hubbub unit\` prints it`;
  if (maxSessions !== "auto" && maxSessions > affordable)
    return { name, state: "wrong", found: `${found}, and --max-sessions is ${maxSessions}`, advice };
  return limit < FEW_OPEN_FILES ? { name, state: "warning", found, advice } : { name, state: "ok", found };
}

/** Whether the configured certificate can be served, and for how long. */
export function examineCertificate(config: Pick<Config, "tlsCertFile" | "tlsKeyFile">): Finding {
  const name = "certificate";
  const advice = "renew it: the server takes the new files without a restart";
  try {
    const certificate = readCertificate(config);
    if (certificate === undefined) return { name, state: "ok", found: "none is configured: the server speaks http" };
    const expiry = describeExpiry(certificate);
    if (expiry !== undefined) return { name, state: "warning", found: `it ${expiry}`, advice };
    return { name, state: "ok", found: `it is valid until ${formatDay(certificate.expiresAt)}` };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return {
      name,
      state: "wrong",
      found: describeError(error),
      advice: "correct --tls-cert and --tls-key, or renew what they name",
    };
  }
}

/** Whether other pages than the server's own may open sessions. */
export function examineOrigins({ origins }: Pick<Config, "origins">): Finding {
  const name = "origins";
  if (origins.includes("*")) {
    return {
      name,
      state: "warning",
      found: "the pages of every site may open sessions (--origins *), with the cookies of whoever looks at them",
      advice: "name the sites: --origins https://example.com",
    };
  }
  const others = origins.length === 0 ? "none else" : `those of ${origins.join(", ")}`;
  return { name, state: "ok", found: `pages of the server's own address may open sessions, and ${others}` };
}
