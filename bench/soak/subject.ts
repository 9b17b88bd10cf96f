import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBinary } from "../../test/support/binary.ts";
import { openSession } from "../../test/support/session.ts";
import { startServer } from "../servers.ts";

/** What the server says of itself. */
export type State = { opened: number; closed: number; errors: number; slow: number; members: number; version: number };

/** The server that is soaked: the executable, or the control. */
export type Subject = AsyncDisposable & {
  port: number;
  pid: number;
  /** It tells which sessions it cut because they read too slowly. */
  cutsSlow: boolean;
  readState: () => Promise<State>;
  countFiles: () => number;
  /** Edits a controller; one edit in four is first written wrong. */
  edit: () => Promise<void>;
  /** Edits that were made, that were loaded, and that were refused. */
  edits: () => { made: number; loaded: number; refused: number };
  /** What its log complains of, apart from what the soak causes. */
  complaints: () => string[];
  /** @throws {Error} if it does not take exactly as many sessions as its limits allow */
  checkLimits: () => Promise<void>;
};

/** Addresses that the sessions come from, as far as the server is told. */
const ADDRESSES = 250;

/** Starts the executable with the soak's controllers in a folder of its own, which is edited. */
export async function startHubbub(sessions: number): Promise<Subject> {
  const folder = mkdtempSync(join(tmpdir(), "hubbub-soak-"));
  cpSync(join(import.meta.dir, "controllers"), folder, { recursive: true });
  const maxSessions = sessions + 200;
  const maxPerAddress = 20 + Math.ceil((5 * sessions) / ADDRESSES);
  const flags = {
    "max-sessions": maxSessions,
    "max-sessions-per-address": maxPerAddress,
    "max-upgrades": 0,
    "max-backlog": "256KiB",
    "trust-proxy": "loopback",
    ping: 10,
  };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const server = await startBinary([folder, ...args], { cwd: folder });
  const lines = (text: string) => server.log().filter(({ message }) => message.includes(text));
  let made = 0;
  const write = (text: string) => writeFileSync(join(folder, "lib/version.ts"), text);

  const openMany = async (count: number, from: (n: number) => string) => {
    const open = (n: number) => openSession(`${server.origin}/echo`, { headers: { "X-Forwarded-For": from(n) } });
    const all = await Promise.all(Array.from({ length: count }, (_, n) => open(n)));
    const isRefused = await open(count).then(
      (one) => one[Symbol.dispose](),
      () => true,
    );
    for (const session of all) session.close();
    await Promise.all(all.map(({ closed }) => closed));
    if (isRefused !== true) throw new Error(`The server took ${count + 1} sessions, expected ${count}`);
  };

  return {
    port: Number(new URL(server.origin).port),
    pid: server.pid,
    cutsSlow: true,
    readState: async () => (await (await server.fetch("/state")).json()) as State,
    countFiles: () => readdirSync(`/proc/${server.pid}/fd`).length,
    async edit() {
      made += 1;
      if (made % 4 === 0) {
        write(`export const version = ${made} +;\n`);
        await Bun.sleep(300);
      }
      write(`/** Changed by each edit. */\nexport const version = ${made};\n`);
    },
    edits: () => ({
      made,
      loaded: lines("Loaded generation").length - 1,
      refused: lines("keeps serving").length,
    }),
    complaints: () =>
      server
        .log()
        .filter(
          ({ level, message }) => level !== "INFO" && !/keeps serving|reads too slowly|Refused a session/.test(message),
        )
        .map(({ message }) => message),
    async checkLimits() {
      await openMany(maxPerAddress, () => "198.51.100.1");
      await openMany(maxSessions, (n) => `203.0.113.${n % ADDRESSES}`);
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Starts the same on bare Bun.serve, which has no controllers to edit and no limits. */
export async function startControl(): Promise<Subject> {
  const folder = mkdtempSync(join(tmpdir(), "hubbub-soak-"));
  const outfile = join(folder, "control");
  await Bun.build({ entrypoints: [join(import.meta.dir, "control.ts")], compile: { outfile }, minify: true });
  const server = await startServer([outfile]);
  const url = `http://127.0.0.1:${server.port}/state`;
  return {
    port: server.port,
    pid: server.pid,
    cutsSlow: false,
    readState: async () => (await (await fetch(url)).json()) as State,
    countFiles: () => readdirSync(`/proc/${server.pid}/fd`).length,
    edit: async () => {},
    edits: () => ({ made: 0, loaded: 0, refused: 0 }),
    complaints: () => [],
    checkLimits: async () => {},
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}
