import type { App } from "../app.ts";
import type { AppOptions } from "../app/options.ts";
import { findBus } from "../bus/find-bus.ts";
import { hideCredentials } from "../core/bus-url.ts";
import { configureLog, log } from "../core/log.ts";
import { countLongestStopSeconds } from "../core/stop-time.ts";
import type { Systemd } from "../core/systemd.ts";
import { formatCount } from "../core/units.ts";
import { version } from "../core/version.ts";
import { announceInspector, findAdminToken } from "./admin-token.ts";
import type { Command, Given } from "./command.ts";
import { readGivenConfig } from "./config-file.ts";
import { findFolder } from "./folder.ts";

export const serveCommand: Command = {
  name: "serve",
  summary: "Serve the controllers in a folder",
  text: `Serves the controllers in DIR; without DIR those in ./controllers, or else the ones in the executable.
\`hubbub\` alone is the same as \`hubbub serve\`.`,
  operands: ["[DIR]"],
  examples: [
    { line: "hubbub", text: "./controllers, or without that folder the examples in the executable" },
    { line: "hubbub serve app --port 8080", text: "the folder app, at http://127.0.0.1:8080/" },
    { line: "hubbub serve --host 0.0.0.0 --timeout 10m", text: "to other machines, with a longer idle timeout" },
  ],
  flags: {},
  takesSettings: true,
  run: serve,
};

/**
 * Runs the server until a signal ends it; returns the exit code.
 *
 * SIGTERM and SIGINT stop it in order; a second one ends it at once, and so does the first before it listens.
 */
async function serve({ operands, settings }: Given): Promise<number> {
  const given = readGivenConfig({ settings });
  configureLog(given);
  const found = findAdminToken(given.adminToken, process.stdout.isTTY === true);
  const config = { ...given, adminToken: found.token };
  const { path: folder, isEmbedded } = findFolder(operands[0], "serve");
  if (config.bus !== "") log.info(`The other nodes are found at ${hideCredentials(config.bus)}`);
  const server = await createServer({ config, folder, isEmbedded, version, openBus: findBus(config) });
  const systemd = await connectToSystemd(() => describeStatus(server));
  const stopped = waitForSignal();
  const starting = server.start();
  const reload = () => (systemd === undefined ? server.reload() : systemd.reload(() => server.reload()));
  process.on("SIGHUP", () => void starting.then(reload, () => {}));
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
  announceInspector(found, url);
  systemd?.start();
  const signal = await stopped;
  systemd?.stop(countLongestStopSeconds(config));
  log.info(`Stopping because of ${signal}: closing ${formatCount(server.sessionCount, "session")}`, {
    signal,
    sessions: server.sessionCount,
  });
  const forced = waitForSignal().then((second) => {
    log.warning(`Stopped at once because of a second signal, ${second}`, { signal: second });
    return 1;
  });
  return Promise.race([server.stop().then(() => 0), forced]);
}

/** What is started, reloaded and stopped: an `App` on this thread, or a supervisor of several on others. */
type Server = Pick<App, "start" | "reload" | "stop" | "sessionCount" | "generationNumber" | "lastFault">;

async function createServer(options: Omit<AppOptions, "watchdog">): Promise<Server> {
  const { workers } = options.config;
  const count = workers === "auto" ? (await import("node:os")).availableParallelism() : workers;
  if (count > 1) {
    const { Supervisor } = await import("../workers/supervisor.ts");
    return new Supervisor({ ...options, workers: count });
  }
  const [{ App }, { Watchdog }] = await Promise.all([import("../app.ts"), import("../core/watchdog.ts")]);
  return new App({ ...options, watchdog: Watchdog.start(options.config) });
}

/** `1,204 sessions, generation 7`, and why the last load was refused, if it was. */
function describeStatus({ sessionCount, generationNumber, lastFault }: Server): string {
  const status = `${formatCount(sessionCount, "session")}, generation ${generationNumber}`;
  return lastFault === "" ? status : `${status}; ${lastFault.split("\n")[0]}`;
}

/** Undefined without systemd, which then costs nothing. */
async function connectToSystemd(describeStatus: () => string): Promise<Systemd | undefined> {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = process.env;
  if (NOTIFY_SOCKET === undefined) return undefined;
  // What controllers start is not to speak in the server's name.
  for (const name of ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]) delete process.env[name];
  const { Systemd } = await import("../core/systemd.ts");
  return Systemd.connect({ NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID }, describeStatus);
}

function waitForSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.once("SIGTERM", resolve);
    process.once("SIGINT", resolve);
  });
}
