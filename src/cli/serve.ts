import { existsSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { App } from "../app.ts";
import { readConfig } from "../core/config.ts";
import { describeError, Fault } from "../core/errors.ts";
import { configureLog, log } from "../core/log.ts";
import { formatCount } from "../core/units.ts";
import { version } from "../core/version.ts";
import { Watchdog } from "../core/watchdog.ts";
import type { Arguments } from "./args.ts";

/**
 * Runs the server until a signal ends it; returns the exit code.
 *
 * SIGTERM and SIGINT stop it in order; a second one ends it at once, and so does the first before it listens.
 */
export async function serve({ operands, flags }: Arguments): Promise<number> {
  const [operand, ...rest] = operands;
  if (rest.length > 0) {
    throw new Fault(
      "ARGUMENT_UNEXPECTED",
      `Cannot use "${rest[0]}": serve takes one folder, expected hubbub serve [DIR]`,
    );
  }
  const config = readConfig({ flags, environment: process.env, file: readConfigFile() });
  configureLog(config);
  const { folder, isEmbedded } = findFolder(operand);
  const watchdog = new Watchdog(config);
  const app = new App({ config, folder, isEmbedded, version, watchdog });
  const stopped = waitForSignal();
  const starting = app.start();
  process.on(
    "SIGHUP",
    () =>
      void starting.then(
        () => app.reload(),
        () => {},
      ),
  );
  const url = await Promise.race([starting, stopped.then(() => undefined)]);
  if (url === undefined) {
    log.info("Stopped before the server listened");
    return 0;
  }
  log.info(`Listening: open ${url.href}`, {
    url: url.href,
    folder: isEmbedded ? "embedded" : folder,
    pid: process.pid,
  });
  const signal = await stopped;
  log.info(`Stopping because of ${signal}: closing ${formatCount(app.sessionCount, "session")}`, {
    signal,
    sessions: app.sessionCount,
  });
  const forced = waitForSignal().then((second) => {
    log.warning(`Stopped at once because of a second signal, ${second}`, { signal: second });
    return 1;
  });
  return Promise.race([app.stop().then(() => 0), forced]);
}

function readConfigFile(): string | undefined {
  if (!existsSync("hubbub.toml")) return undefined;
  try {
    return readFileSync("hubbub.toml", "utf8");
  } catch (error) {
    throw new Fault("CONFIG_FILE", `Cannot read "hubbub.toml": ${describeError(error)}, expected a readable file`, {
      cause: error,
    });
  }
}

function findFolder(operand: string | undefined): { folder: string; isEmbedded: boolean } {
  const wanted = operand ?? (isFolder("controllers") ? "controllers" : undefined);
  if (wanted === undefined) return { folder: embeddedFolder, isEmbedded: Bun.isStandaloneExecutable };
  const folder = resolve(wanted);
  if (!existsSync(folder))
    throw new Fault("FOLDER", `Cannot serve "${wanted}": there is no such folder, expected one with controllers`);
  if (!isFolder(folder))
    throw new Fault("FOLDER", `Cannot serve "${wanted}": it is a file, expected a folder with controllers`);
  return { folder, isEmbedded: false };
}

/** In the executable beside the entry, in the repository at its root. */
const embeddedFolder = Bun.isStandaloneExecutable
  ? join(import.meta.dir, "controllers")
  : resolve(import.meta.dir, "../../controllers");

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function waitForSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.once("SIGTERM", resolve);
    process.once("SIGINT", resolve);
  });
}
