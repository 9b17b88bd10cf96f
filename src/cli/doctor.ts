import { Fault } from "../core/errors.ts";
import type { Command, Given } from "./command.ts";
import { print } from "./print.ts";

export const doctorCommand: Command = {
  name: "doctor",
  summary: "Find what would go wrong in production",
  text: `Examines this machine and the settings for what goes wrong in production, and says what to do: how many files may be
open, whether the port can be had, the clock, the certificate, and whose pages may open sessions.

With URL, the address that clients use, it connects as they do and finds what a proxy in between makes of it: whether
upgrades arrive, whether its own pages are let in, whether the server knows its clients, and whether a session in which
nobody speaks lives until the server pings it. Name a path that takes sessions, such as /chat. Where no server runs yet,
the doctor itself serves at the configured address meanwhile.

Give it the flags that the server has. The exit code is 1 if something is wrong, and 0 if there are only warnings.`,
  operands: ["[URL]"],
  examples: [
    { line: "hubbub doctor", text: "this machine, and what hubbub.toml here says" },
    {
      line: "hubbub doctor https://chat.example.com/chat --trust-proxy 127.0.0.1",
      text: "and the way through a proxy",
    },
    { line: "hubbub doctor --json", text: "for a program" },
  ],
  flags: { json: { description: "Print what was found as JSON" } },
  takesSettings: true,
  run: examineAll,
};

/** @throws {Fault} `ARGUMENT_UNEXPECTED` for what is no address, `FLAG_VALUE` */
async function examineAll({ operands, flags, settings }: Given): Promise<number> {
  const url = operands[0] === undefined ? undefined : readUrl(operands[0]);
  const [{ examine }, { createReport, formatReport }] = await Promise.all([
    import("./doctor/examine.ts"),
    import("./doctor/report.ts"),
  ]);
  const onWait = (text: string) => void process.stderr.write(`${text}\n`);
  const report = createReport(await examine({ settings, url, onWait }));
  await print(flags["json"] === true ? `${JSON.stringify(report, null, 2)}\n` : formatReport(report));
  return report.ok ? 0 : 1;
}

/** @throws {Fault} `ARGUMENT_UNEXPECTED` */
function readUrl(text: string): URL {
  const http = text.replace(/^ws(s?):/i, "http$1:");
  const url = URL.canParse(http) ? new URL(http) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) return url;
  const wanted = /^[\w.-]+(?::\d+)?(?:\/|$)/.test(text)
    ? `https://${text}`
    : "one such as https://chat.example.com/chat";
  throw new Fault("ARGUMENT_UNEXPECTED", `Cannot examine "${text}": it is no address, expected ${wanted}`);
}
