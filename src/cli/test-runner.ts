import { join } from "node:path";
import { takeSnapshot } from "../controllers/snapshot.ts";
import { Fault } from "../core/errors.ts";
import type { Given } from "./command.ts";
import { findOwnFolder } from "./folder.ts";
import { runBun } from "./run-bun.ts";
import { withScratch } from "./scratch.ts";
import { formatFailedLog } from "./test-log.ts";

/** What the runner takes for a test by its name. */
const TEST_FILE = /[._](?:test|spec)\.(?:[cm]?[jt]s|[jt]sx)$/;

const PRELOAD = "preload.ts";
const CONFIG = "bunfig.toml";
const LOG = "log.jsonl";

/**
 * Runs the tests of a folder in a process of the runtime's runner; returns its exit code.
 *
 * @throws {Fault} `FOLDER`, `TESTS_MISSING`, `SCRATCH`
 */
export async function runTests({ operands, flags, rest = [] }: Given): Promise<number> {
  const folder = findOwnFolder(operands[0], "test");
  if (!hasTests(folder)) {
    const shown = operands[0] ?? "controllers";
    const text = `Cannot test "${shown}": it has no tests, expected at least one file such as chat.test.ts`;
    throw new Fault("TESTS_MISSING", text, { detail: example });
  }
  const options = { folder, showsLog: flags["log"] === true };
  const isReported = flags["watch"] !== true && !rest.some((flag) => flag.startsWith("--reporter"));
  return withScratch({ kit: "server", files: (scratch) => listFiles(scratch, options) }, async (scratch) => {
    const report = join(scratch, "report.xml");
    const exitCode = await runBun([
      "test",
      `--config=${join(scratch, CONFIG)}`,
      "--no-env-file",
      "--no-install",
      `--preload=${join(scratch, PRELOAD)}`,
      ...(isReported ? ["--reporter=junit", `--reporter-outfile=${report}`] : []),
      ...listRunnerFlags(flags),
      ...rest,
      folder,
    ]);
    if (exitCode !== 0 && isReported && flags["log"] !== true)
      process.stderr.write(formatFailedLog({ logFile: join(scratch, LOG), report }));
    return exitCode;
  });
}

/** What the runner reads, and the file that takes what servers log. */
function listFiles(scratch: string, options: { folder: string; showsLog: boolean }): Record<string, string> {
  const given = JSON.stringify({ ...options, logFile: join(scratch, LOG) });
  return {
    [PRELOAD]: `import { prepareRun } from "./src/testing/preload.ts";\nprepareRun(${given});\n`,
    [CONFIG]: "",
    [LOG]: "",
  };
}

function hasTests(folder: string): boolean {
  return [...(takeSnapshot(folder)?.files.keys() ?? [])].some((file) => TEST_FILE.test(file));
}

function listRunnerFlags(flags: Given["flags"]): string[] {
  const pattern = flags["test-name-pattern"];
  return [
    ...(flags["watch"] === true ? ["--watch", "--no-clear-screen"] : []),
    ...(flags["coverage"] === true ? ["--coverage"] : []),
    ...(typeof pattern === "string" ? [`--test-name-pattern=${pattern}`] : []),
  ];
}

const example = `// chat.test.ts
import { expect, test } from "bun:test";
import { open } from "hubbub/test";

test("a chat greets", async () => {
  await using session = await open("/chat");
  expect(await session.next()).toContain("welcome");
});`;
