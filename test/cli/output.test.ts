import { beforeAll, expect, test } from "bun:test";
import { dirname, join } from "node:path";
import { commands } from "../../src/cli/commands.ts";
import { formatHelp } from "../../src/cli/help.ts";
import { buildOnce } from "../support/binary.ts";
import { createFolder } from "../support/folder.ts";
import { root } from "../support/server.ts";
import { waitFor } from "../support/session.ts";

let bin: string;

beforeAll(async () => {
  bin = dirname(await buildOnce());
}, 60_000);

/** Runs a line in bash, with `hubbub` in its path; every part of a pipe must end with 0. */
async function runShell(line: string) {
  const child = Bun.spawn(["bash", "-o", "pipefail", "-c", line], {
    env: { PATH: `${bin}:/usr/bin:/bin`, RUNTIME: process.execPath, PRINT: join(root, "src/cli/print.ts") },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, errors, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, output, errors };
}

test.each(["hubbub help | head -1", "hubbub help serve | head -c 1", "hubbub help serve | true", "hubbub help >&-"])(
  "a reader that leaves, or that never was, is no fault: %s",
  async (line) => {
    expect(await runShell(line)).toMatchObject({ code: 0, errors: "" });
  },
);

test("print() writes all of a large text to a slow reader, before the process ends", async () => {
  const script = `const { print } = await import(process.env.PRINT); process.exit(await print("x".repeat(3e6)));`;
  const line = `"$RUNTIME" -e '${script}' | (read -r -N 1 first; sleep 0.2; wc -c)`;
  expect(await runShell(line)).toEqual({ code: 0, output: "2999999\n", errors: "" });
});

test("what cannot be written is said, and ends with 1", async () => {
  const { code, errors } = await runShell("hubbub help > /dev/full");
  expect(code).toBe(1);
  expect(errors).toStartWith("hubbub: Cannot write standard output: ENOSPC");
});

/** What the executable writes to a terminal; of what does not end by itself, what it writes until it says `until`. */
async function runOnTerminal(args: string[], environment: Record<string, string>, until?: string): Promise<string> {
  using folder = createFolder();
  let text = "";
  const decoder = new TextDecoder();
  await using terminal = new Bun.Terminal({
    cols: 200,
    rows: 50,
    data: (_, bytes) => (text += decoder.decode(bytes, { stream: true })),
  });
  const child = Bun.spawn([join(bin, "hubbub"), ...args], {
    terminal,
    cwd: folder.path,
    env: { TERM: "xterm-256color", ...environment },
  });
  if (until !== undefined) {
    await waitFor(() => text.includes(until), `"${until}" on the terminal`);
    child.kill("SIGTERM");
  }
  expect(await child.exited).toBe(0);
  // What was written before the end may be read after it.
  await waitFor(() => text.endsWith("\n"), "end of a line on the terminal");
  return text.replaceAll("\r\n", "\n");
}

test("help has no colours, also on a terminal", async () => {
  expect(await runOnTerminal(["help"], {})).toBe(formatHelp(commands));
});

test("the log has colours on a terminal, and none with NO_COLOR", async () => {
  const args = ["serve", "--port", "0"];
  expect(await runOnTerminal(args, {}, "Listening")).toContain("\u001b[");
  expect(await runOnTerminal(args, { NO_COLOR: "1" }, "Listening")).not.toContain("\u001b[");
});

test.each([
  [["check", join(root, "controllers")]],
  [["routes", join(root, "controllers")]],
  [["doctor", "--port", "0"]],
])("%p has colours on a terminal, and none with NO_COLOR", async (args) => {
  expect(await runOnTerminal(args, {})).toContain("\u001b[");
  expect(await runOnTerminal(args, { NO_COLOR: "1" })).not.toContain("\u001b[");
});

test("a mistake has no colours in what is not a terminal", async () => {
  const { code, errors } = await runShell("hubbub sreve");
  expect({ code, errors }).toEqual({
    code: 2,
    errors: 'hubbub: Cannot run "sreve": there is no such command, expected serve\n',
  });
});
