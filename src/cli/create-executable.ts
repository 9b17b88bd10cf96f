import { statfsSync, statSync } from "node:fs";
import { chmod, cp, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { describeError, Fault } from "../core/errors.ts";
import { buildExecutable, findMode, findOutput } from "./build-executable.ts";
import type { Given } from "./command.ts";
import { type ControllersFolder, isFolder } from "./folder.ts";
import { formatRuntimeAddress, isTarget, ownTarget, readPlatform, type Target, targets } from "./targets.ts";

export type CreateOptions = { outfile: string; target: Target | undefined; runtime: string | undefined };

/** What ends the work, and the exit code that says so. */
const signals = { SIGINT: 130, SIGTERM: 143 };

/** What is made on the way to an executable, in bytes, at most. */
const SCRATCH_BYTES = 8 * 1024 * 1024;

/**
 * What the flags of `compile` ask for.
 *
 * @throws {Fault} `FLAG_VALUE` for a target that is none or no output, `OUTPUT`, `RUNTIME`
 */
export function readOptions({ out, target, runtime }: Given["flags"]): CreateOptions {
  if (typeof out !== "string") {
    throw new Fault("FLAG_VALUE", "Cannot compile: -o is missing, expected hubbub compile [DIR] -o FILE");
  }
  if (target !== undefined && !isTarget(target)) {
    throw new Fault("FLAG_VALUE", `Cannot use --target "${target}": expected ${targets.join(", ")}`);
  }
  const outfile = target?.startsWith("windows") === true && !out.endsWith(".exe") ? `${out}.exe` : out;
  const given = typeof runtime === "string" ? runtime : undefined;
  if (given !== undefined) checkRuntime(given, target);
  checkOutput(outfile, given ?? process.execPath);
  return { outfile, target, runtime: given };
}

/**
 * @param runtime what the executable will be at least as large as
 * @throws {Fault} `OUTPUT`
 */
function checkOutput(outfile: string, runtime: string): void {
  const folder = dirname(outfile);
  const fault = (what: string) => new Fault("OUTPUT", `Cannot write "${outfile}": ${what}`);
  if (!isFolder(folder)) throw fault(`there is no folder "${folder}", expected one that is there`);
  if (isFolder(outfile)) throw fault("it is a folder, expected a file");
  const { bavail, bsize } = statfsSync(folder);
  const wanted = statSync(runtime).size + SCRATCH_BYTES;
  if (bavail * bsize < wanted) {
    throw fault(`there is room for ${toMebibytes(bavail * bsize)}, expected ${toMebibytes(wanted)}`);
  }
}

/** @throws {Fault} `RUNTIME` */
function checkRuntime(file: string, target: Target | undefined): void {
  const wanted = target ?? ownTarget;
  const fault = (what: string) =>
    new Fault("RUNTIME", `Cannot use --runtime "${file}": ${what}, expected ${describeRuntime(wanted)}`);
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) throw fault("there is no such file");
  const found = readPlatform(file);
  if (found === undefined) throw fault("it is no executable");
  if (found !== wanted.replace("-musl", "")) throw fault(`it runs on ${found}`);
}

/** Where to get the runtime for a target. */
function describeRuntime(target: Target): string {
  return `the "bun" in ${formatRuntimeAddress(target)}`;
}

/**
 * Writes the executable; returns the exit code. A signal ends it and leaves nothing behind.
 *
 * @throws {Fault} `COMPILE` for what the bundler refuses, `RUNTIME`, `OUTPUT`; {AggregateError} of several
 */
export async function createExecutable(folder: ControllersFolder, options: CreateOptions): Promise<number> {
  const interrupt = new AbortController();
  for (const [name, exitCode] of Object.entries(signals)) process.once(name, () => interrupt.abort(exitCode));
  try {
    if (isSame(folder, options)) await copySelf(options.outfile);
    else await buildExecutable({ ...options, folder: folder.path, signal: interrupt.signal });
    return 0;
  } catch (error) {
    if (interrupt.signal.aborted) return interrupt.signal.reason as number;
    throw toFault(error, options);
  }
}

/** Whether this executable is already the one that is wanted. */
function isSame({ isEmbedded }: ControllersFolder, { target, runtime }: CreateOptions): boolean {
  return isEmbedded && target === undefined && runtime === undefined;
}

/** An executable with the same controllers is the same executable. */
async function copySelf(outfile: string): Promise<void> {
  const file = findOutput(outfile);
  const partial = `${file}.${process.pid}.partial`;
  try {
    await cp(process.execPath, partial);
    await chmod(partial, findMode(file));
    await rename(partial, file);
  } finally {
    await rm(partial, { force: true });
  }
}

/** What the bundler and the system say, as sentences. */
function toFault(error: unknown, { outfile, target }: CreateOptions): unknown {
  const errors: unknown[] = error instanceof AggregateError ? error.errors : [error];
  const texts = errors.map(describeError);
  const { code } = error as NodeJS.ErrnoException;
  const unwritten = code === undefined ? texts.find((text) => text.startsWith("failed to write")) : texts[0];
  if (unwritten !== undefined) return outputFault(outfile, unwritten, error);
  const download = texts.find((text) => text.startsWith("Failed to download"));
  if (download !== undefined && target !== undefined) {
    const text = `Cannot compile for "${target}": its runtime is not on this machine and cannot be fetched (${download})`;
    return new Fault("RUNTIME", `${text}, expected a network, or --runtime FILE with ${describeRuntime(target)}`);
  }
  return error;
}

function outputFault(outfile: string, what: string, cause: unknown): Fault {
  return new Fault("OUTPUT", `Cannot write "${outfile}": ${what}, expected a folder with room to write to`, { cause });
}

function toMebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
