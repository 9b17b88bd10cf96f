import { existsSync, realpathSync, statSync } from "node:fs";
import { chmod, mkdtemp, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { formatLocation, locate } from "../controllers/location.ts";
import { describeError, Fault } from "../core/errors.ts";
import { kitFile, kitParts, readKit, unpackKit } from "./kit.ts";
import { stageControllers } from "./stage-controllers.ts";

/** What runs on threads of its own. */
const threads = ["src/core/watchdog-worker.ts", "src/workers/worker.ts"];

export type ExecutableOptions = {
  /** The controllers folder, absolute. */
  folder: string;
  /** Where the executable goes. */
  outfile: string;
  /** A platform other than this one: `linux-arm64`. */
  target?: string | undefined;
  /** The runtime for `target`, an executable of Bun's, instead of what is fetched. */
  runtime?: string | undefined;
  /** Ends the work; its reason is thrown. */
  signal?: AbortSignal | undefined;
};

/**
 * Builds an executable: the server, a folder of controllers with its pages, the kit and the runtime in one file.
 *
 * Everything is made in a folder beside `outfile` and renamed into place: an executable that runs at this moment is
 * replaced, not written to, and what fails leaves nothing.
 *
 * @throws {AggregateError} of what the bundler says; a {Fault} `COMPILE` for each mistake in the controllers
 */
export async function buildExecutable({
  folder,
  target,
  runtime,
  signal,
  ...options
}: ExecutableOptions): Promise<void> {
  const outfile = findOutput(options.outfile);
  const staging = await mkdtemp(join(dirname(outfile), ".hubbub-compile-"));
  const workingFolder = process.cwd();
  const executablePath = runtime === undefined ? undefined : resolve(runtime);
  try {
    await unpackKit("server", staging);
    for (const part of kitParts) await Bun.write(join(staging, kitFile(part)), await readKit(part));
    const assets = join(staging, "assets/controllers");
    const { entrypoints, plugin } = stageControllers({
      folder,
      modules: join(staging, "controllers"),
      assets,
      except: outfile,
      embedded: `${target?.startsWith("windows") === true ? "B:/~BUN/root" : "/$bunfs/root"}/controllers`,
    });
    // The bundler names the files of a stack from here.
    process.chdir(staging);
    signal?.throwIfAborted();
    const built = Bun.build({
      entrypoints: ["src/main.ts", ...threads].map((file) => join(staging, file)).concat(entrypoints),
      root: staging,
      compile: {
        outfile: join(staging, "executable"),
        assets: [...(existsSync(assets) ? [assets] : []), join(staging, "kit")],
        ...(target !== undefined && { target: `bun-${target}` as Bun.Build.CompileTarget }),
        ...(executablePath !== undefined && { executablePath }),
        // A package beside the controllers names its entry there.
        autoloadPackageJson: true,
        autoloadDotenv: false,
        autoloadBunfig: false,
      },
      // Modules that controllers share stay one module.
      splitting: true,
      minify: true,
      bytecode: true,
      format: "esm",
      sourcemap: "inline",
      define: { HUBBUB_EMBEDDED_NAME: JSON.stringify(basename(folder)) },
      plugins: [plugin],
    });
    await (signal === undefined ? built : Promise.race([built, waitForAbort(signal)]));
    await chmod(join(staging, "executable"), findMode(outfile));
    await rename(join(staging, "executable"), outfile);
  } catch (error) {
    if (!(error instanceof AggregateError)) throw error;
    throw new AggregateError(error.errors.map((each) => toCompileFault(each, join(staging, "controllers"), folder)));
  } finally {
    process.chdir(workingFolder);
    await rm(staging, { recursive: true, force: true });
  }
}

/** What the bundler says about a copy, as a fault of the original. */
function toCompileFault(error: unknown, copy: string, folder: string): unknown {
  const place = locate(error, copy);
  if (place === undefined) return error;
  const detail = Bun.inspect(error, { colors: false }).trim().replaceAll(copy, folder);
  return new Fault("COMPILE", `Cannot compile "${place.file}": ${describeError(error)} at ${formatLocation(place)}`, {
    cause: error,
    detail,
  });
}

function waitForAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}

/** What a file that is written really is: behind a link the file that it leads to. */
export function findOutput(file: string): string {
  return existsSync(file) ? realpathSync(file) : resolve(file);
}

/** The permissions of a new executable: those of the one before, or as for any program that is made here. */
export function findMode(outfile: string): number {
  return statSync(outfile, { throwIfNoEntry: false })?.mode ?? 0o777 & ~process.umask();
}
