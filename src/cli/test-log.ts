import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { formatLoggedLine, type LoggedLine } from "../testing/logged-line.ts";

/** One test in the runner's report. */
type Reported = { name: string; file: string; line: number; hasFailed: boolean };

/** What the servers of the tests that failed have logged; empty if that is nothing, or if there is no report. */
export function formatFailedLog({ logFile, report }: { logFile: string; report: string }): string {
  const tests = readReport(report);
  const lines = readFileSync(logFile, "utf8")
    .split("\n")
    .filter((text) => text !== "")
    .map((text) => JSON.parse(text) as LoggedLine)
    .filter(({ level }) => level !== "debug");
  return tests
    .filter(({ hasFailed }) => hasFailed)
    .map((test) => {
      const own = lines.filter(({ places }) => places.some((place) => findTest(tests, place) === test));
      const shown = own.map(formatLoggedLine).join("");
      return shown === "" ? "" : `\nLogged in "${test.name}":\n${shown}`;
    })
    .join("");
}

/** The test that a line of a file belongs to: the last one that begins above it. */
function findTest(tests: readonly Reported[], { file, line }: LoggedLine["places"][number]): Reported | undefined {
  return tests.findLast((test) => test.file === file && test.line <= line);
}

/** The tests in the runner's report, as they stand in their files. */
function readReport(report: string): Reported[] {
  let xml: string;
  try {
    xml = readFileSync(report, "utf8");
  } catch {
    // The runner ended before it wrote one.
    return [];
  }
  const cases = xml.matchAll(/<testcase ([^>]*?)(?:\/>|>([^]*?)<\/testcase>)/g);
  return Array.from(cases, ([, attributes = "", body = ""]) => {
    const read = (name: string) => decode(new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? "");
    const line = Number(read("line"));
    return { name: read("name"), file: resolve(read("file")), line, hasFailed: body.includes("<failure") };
  }).sort((a, b) => a.line - b.line);
}

const entities: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function decode(text: string): string {
  return text.replaceAll(/&(?:#(\d+)|(\w+));/g, (whole, code: string | undefined, name: string) =>
    code === undefined ? (entities[name] ?? whole) : String.fromCodePoint(Number(code)),
  );
}
