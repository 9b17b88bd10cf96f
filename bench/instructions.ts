import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The event that is counted: instructions outside of the kernel. */
const EVENT = "instructions:u";

/** Why `perf` cannot count instructions here; undefined if it can. */
export function findPerfObstacle(): string | undefined {
  if (Bun.which("perf") === null) return "there is no perf";
  const { exitCode, stderr } = Bun.spawnSync(["perf", "stat", "-x", ";", "-e", EVENT, "true"], { stderr: "pipe" });
  const text = stderr.toString();
  if (exitCode !== 0) return `perf refuses: ${text.trim().split("\n")[0]}`;
  return parseCount(text) === undefined ? "this machine does not count instructions for perf" : undefined;
}

/** The count in a line of `perf stat -x ";"`; undefined for `<not supported>` and `<not counted>`. */
export function parseCount(text: string): number | undefined {
  const count = /^(\d+);/m.exec(text)?.[1];
  return count === undefined ? undefined : Number(count);
}

/** What `perf` counts of a process while it is enabled. */
export class EventCounter {
  readonly #perf: Bun.Subprocess<"ignore", "ignore", "pipe">;
  readonly #folder: string;

  private constructor(perf: Bun.Subprocess<"ignore", "ignore", "pipe">, folder: string) {
    this.#perf = perf;
    this.#folder = folder;
  }

  /** Attaches to a process; counts nothing yet. */
  static async attach(pid: number, event = EVENT): Promise<EventCounter> {
    const folder = mkdtempSync(join(tmpdir(), "hubbub-perf-"));
    const [control, answer] = [join(folder, "control"), join(folder, "answer")];
    Bun.spawnSync(["mkfifo", control, answer]);
    const perf = Bun.spawn(
      ["perf", "stat", "-x", ";", "-e", event, "-D", "-1", "--control", `fifo:${control},${answer}`, "-p", String(pid)],
      { stdin: "ignore", stdout: "ignore", stderr: "pipe" },
    );
    return new EventCounter(perf, folder);
  }

  enable(): Promise<void> {
    return this.#tell("enable");
  }

  disable(): Promise<void> {
    return this.#tell("disable");
  }

  /** Ends `perf`, and resolves to what it counted while it was enabled; undefined if it did not. */
  async stop(): Promise<number | undefined> {
    this.#perf.kill("SIGINT");
    const text = await this.#perf.stderr.text();
    rmSync(this.#folder, { recursive: true });
    return parseCount(text);
  }

  /** Opening a pipe waits until `perf` has opened its end. */
  async #tell(command: string): Promise<void> {
    const control = await open(join(this.#folder, "control"), "w");
    await control.write(`${command}\n`);
    const answer = await open(join(this.#folder, "answer"), "r");
    await answer.read(Buffer.alloc(8));
    await control.close();
    await answer.close();
  }
}
