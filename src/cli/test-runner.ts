import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { takeSnapshot } from "../controllers/snapshot.ts";
import { Fault } from "../core/errors.ts";
import type { Given } from "./command.ts";
import { findOwnFolder } from "./folder.ts";
import { unpackKit } from "./kit.ts";
import { runBun } from "./run-bun.ts";
import { formatFailedLog } from "./test-log.ts";

/** What the runner takes for a test by its name. */
const TEST_FILE = /[._](?:test|spec)\.(?:[cm]?[jt]s|[jt]sx)$/;

/**
 * Runs the tests of a folder in a process of the runtime's runner; returns its exit code.
 *
 * @throws {Fault} `FOLDER`, `TESTS_MISSING`
 */
export async function runTests({ operands, flags, rest = [] }: Given): Promise<number> {
  const folder = findOwnFolder(operands[0], "test");
  if (!hasTests(folder)) {
    const shown = operands[0] ?? "controllers";
    const text = `Cannot test "${shown}": it has no tests, expected at least one file such as chat.test.ts`;
    throw new Fault("TESTS_MISSING", text, { detail: example });
  }
  const staging = mkdtempSync(join(tmpdir(), "hubbub-runner-"));
  try {
    await unpackKit("server", staging);
    const [preload, config] = [join(staging, "preload.ts"), join(staging, "bunfig.toml")];
    const [logFile, report] = [join(staging, "log.jsonl"), join(staging, "report.xml")];
    const options = { folder, logFile, showsLog: flags["log"] === true };
    writeFileSync(
      preload,
      `import { prepareRun } from "./src/testing/preload.ts";\nprepareRun(${JSON.stringify(options)});\n`,
    );
    writeFileSync(config, "");
    writeFileSync(logFile, "");
    const isReported = flags["watch"] !== true && !rest.some((flag) => flag.startsWith("--reporter"));
    const exitCode = await runBun([
      "test",
      `--config=${config}`,
      "--no-env-file",
      "--no-install",
      `--preload=${preload}`,
      ...(isReported ? ["--reporter=junit", `--reporter-outfile=${report}`] : []),
      ...listRunnerFlags(flags),
      ...rest,
      folder,
    ]);
    if (exitCode !== 0 && isReported && flags["log"] !== true)
      process.stderr.write(formatFailedLog({ logFile, report }));
    return exitCode;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
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
