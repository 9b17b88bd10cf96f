import type { Config } from "../../core/config.ts";
import { describeError } from "../../core/errors.ts";
import { formatDuration } from "../../core/units.ts";
import { askUpgrade, type UpgradeAnswer } from "./ask.ts";
import type { Finding } from "./finding.ts";
import { type Silence, waitInSilence } from "./silence.ts";

/** How much later than due a ping may come, in seconds. */
const GRACE_SECONDS = 3;

/** No longer than this is waited for one, in seconds. */
const LONGEST_WAIT_SECONDS = 120;

const NAME = "silence";

/**
 * Whether a session in which nobody speaks lives until the server pings it.
 *
 * @param url a path that takes sessions
 * @param onWait told what is waited for
 */
export async function examineSilence(
  url: URL,
  { pingSeconds }: Pick<Config, "pingSeconds">,
  onWait: (text: string) => void,
): Promise<Finding> {
  if (pingSeconds === 0) {
    const found = "the server does not ping (--ping 0): whatever is in between ends a session in which nobody speaks";
    return { name: NAME, state: "warning", found, advice: "let it ping: --ping 30s" };
  }
  let answer: UpgradeAnswer;
  try {
    answer = await askUpgrade(url);
  } catch (error) {
    return {
      name: NAME,
      state: "unknown",
      found: `no session could be opened at ${url.pathname}: ${describeError(error)}`,
    };
  }
  if (answer.session === undefined) {
    const found = `no session was opened: ${url.pathname} answers ${answer.status}`;
    const advice = `name a path that takes sessions, to see how long a silent one lives: \`hubbub doctor ${url.origin}/chat\``;
    return { name: NAME, state: "unknown", found, advice };
  }
  const atMost = Math.min(pingSeconds + GRACE_SECONDS, LONGEST_WAIT_SECONDS);
  onWait(`Saying nothing for up to ${formatDuration(atMost)}, to see whether the session lives`);
  return describeSilence(await waitInSilence(answer.session, atMost), pingSeconds);
}

function describeSilence({ seconds, end }: Silence, pingSeconds: number): Finding {
  const lasted = `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const ping = formatDuration(pingSeconds);
  switch (end) {
    case "ping":
      return {
        name: NAME,
        state: "ok",
        found: `a session in which nobody speaks lives until the server pings it (--ping ${ping})`,
      };
    case "cut": {
      const found = `a session in which nobody spoke was cut after ${lasted}, before the server pinged it (--ping ${ping})`;
      const shorter = formatDuration(Math.max(1, Math.floor(seconds / 2)));
      const advice = `let the proxy wait longer than --ping: \`proxy_read_timeout 75s;\` in nginx, \`timeout tunnel 75s\` in HAProxy; or --ping ${shorter}`;
      return { name: NAME, state: "wrong", found, advice };
    }
    case "closed":
      return {
        name: NAME,
        state: "unknown",
        found: `the server itself closed the session after ${lasted}`,
        advice: "name a path whose controller keeps sessions",
      };
    case "none":
      return {
        name: NAME,
        state: "unknown",
        found: `nothing happened within ${lasted}`,
        advice: `does the server run with another --ping than ${ping}? Give the doctor its flags`,
      };
  }
}
