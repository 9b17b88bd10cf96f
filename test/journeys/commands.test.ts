import { beforeAll, expect, test } from "bun:test";
import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildOnce, startBinary, type TestProcess } from "../support/binary.ts";
import { createFolder } from "../support/folder.ts";
import { root } from "../support/server.ts";
import { waitFor, withPatience } from "../support/session.ts";

/**
 * What the fence of a block of shell commands may say after `sh`:
 * `run` in a folder with the executable and controllers, `repository` in a clone, `machine` as root on a real machine.
 */
const kinds = ["run", "repository", "machine"] as const;

type Block = { page: string; kind: string; commands: string[] };

const listBlocks = (page: string): Block[] =>
  [...readFileSync(join(root, page), "utf8").matchAll(/^```sh ?(\S*)\n(.*?)^```$/gms)].map(
    ([, kind = "", text = ""]) => ({
      page,
      kind,
      commands: text
        .replaceAll("\\\n", " ")
        .split("\n")
        .map((line) => line.replace(/(^|\s)#.*$/, "").trim())
        .filter((line) => line !== ""),
    }),
  );

const blocks = ["README.md", "docs/operating.md"].flatMap(listBlocks);
const ofKind = (kind: (typeof kinds)[number]) =>
  blocks.filter((block) => block.kind === kind).map((block) => [block.page, block.commands.join("; "), block] as const);

let bin: string;

beforeAll(async () => {
  bin = dirname(await buildOnce());
}, 60_000);

/** Runs a command as a shell does, with `hubbub` in its path. */
async function runShell(command: string, cwd: string): Promise<{ exitCode: number; output: string }> {
  const environment = { PATH: `${bin}:/usr/bin:/bin` };
  const child = Bun.spawn(["bash", "-ec", command], { cwd, env: environment, stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { exitCode, output: stdout + stderr };
}

/** The arguments of a command that starts the server; undefined for every other one. */
function readServe(command: string): string[] | undefined {
  const [name, first, ...rest] = command.split(/\s+/);
  if (name !== "hubbub") return undefined;
  return first === undefined ? [] : first === "serve" ? rest : undefined;
}

async function stop(server: TestProcess | undefined): Promise<void> {
  if (server === undefined) return;
  server.signal("SIGTERM");
  expect(await server.exited).toBe(0);
}

test("the pages' shell commands are all in blocks that say how they are run", () => {
  expect(blocks.map(({ kind }) => kind).filter((kind) => !(kinds as readonly string[]).includes(kind))).toEqual([]);
  for (const page of ["README.md", "docs/operating.md"]) {
    const prose = readFileSync(join(root, page), "utf8").replaceAll(/^```.*?^```$/gms, "");
    const others = prose.match(/^ {4}(hubbub|npm|npx|bun|curl|openssl|systemctl|journalctl|install|cp) .*$/gm);
    expect({ page, others }).toEqual({ page, others: null });
  }
});

test.each(ofKind("run"))("%s runs: %s", async (_page, _text, { commands }) => {
  using folder = createFolder();
  mkdirSync(join(folder.path, "controllers"));
  cpSync(join(root, "controllers"), join(folder.path, "controllers"), { recursive: true });
  let server: TestProcess | undefined;
  for (const command of commands) {
    const args = readServe(command);
    if (args === undefined) {
      // What asks a server finds one, as the page has just said how to start it.
      if (command.includes("127.0.0.1:3000")) server ??= await startBinary([], { cwd: folder.path });
      const shown = command.replaceAll("http://127.0.0.1:3000", server?.origin ?? "");
      expect(await runShell(shown, folder.path)).toMatchObject({ exitCode: 0, output: expect.stringMatching(/\S/) });
    } else {
      await stop(server);
      server = await startBinary(args, { cwd: folder.path });
      expect((await server.fetch("/-/ready")).status).toBe(200);
    }
  }
  await stop(server);
});

/** What CI runs before and as these tests. */
const runByCi = ["npm install", "npm test", "bun install", "bun run test"];

test.each(ofKind("repository"))(
  "%s runs in the repository: %s",
  async (_page, _text, { commands }) => {
    const ci = readFileSync(join(root, ".ci/run"), "utf8");
    expect(ci).toContain("npm install");
    expect(ci).toContain("npm test");
    for (const command of commands.flatMap((line) => line.split(" && ")).filter((each) => !runByCi.includes(each))) {
      if (/^\S+ start$/.test(command)) await startAndStop(command);
      else
        expect(await runShell(`PATH=${join(root, "node_modules/.bin")}:$PATH; ${command}`, root)).toMatchObject({
          exitCode: 0,
        });
    }
  },
  20_000,
);

/** Runs a command that serves until it is stopped, and stops it once it listens. */
async function startAndStop(command: string): Promise<void> {
  const environment = {
    ...process.env,
    PATH: `${join(root, "node_modules/.bin")}:${process.env["PATH"]}`,
    HUBBUB_PORT: "0",
  };
  const child = Bun.spawn(command.split(" "), { cwd: root, env: environment, stdout: "pipe", stderr: "pipe" });
  let output = "";
  const read = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) output += decoder.decode(chunk, { stream: true });
  };
  const isRead = Promise.all([read(child.stdout), read(child.stderr)]);
  const findServer = () => /"Listening: .*"pid":(\d+)/.exec(output)?.[1];
  await waitFor(() => findServer() !== undefined || child.exitCode !== null, `server of ${command}`);
  const pid = findServer();
  if (pid === undefined) throw new Error(`${command} ended at once: ${output}`);
  process.kill(Number(pid), "SIGTERM");
  expect(await withPatience(child.exited, `end of ${command}`)).toBe(0);
  await isRead;
}

test.each(ofKind("machine"))("%s has commands that a shell can read: %s", async (_page, _text, { commands }) => {
  expect(await runShell(`bash -n -c ${JSON.stringify(commands.join("\n"))}`, root)).toEqual({
    exitCode: 0,
    output: "",
  });
  for (const [file] of commands.join("\n").matchAll(/\bdeploy\/\S+/g))
    expect(readFileSync(join(root, file), "utf8")).not.toBe("");
});
