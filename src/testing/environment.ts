import { afterAll, afterEach, beforeEach } from "bun:test";
import { basename, resolve } from "node:path";
import { apiNames } from "../controllers/api.ts";
import { installModules } from "../controllers/modules.ts";
import { type LogLine, takeLog } from "../core/log.ts";
import { version } from "../core/version.ts";
import type { ServeOptions, SessionOf, SessionOptions, TestServer } from "./contract.ts";
import { installOutsideModules } from "./outside-modules.ts";
import { RunningServer } from "./server.ts";
import { openSession } from "./session.ts";
import { readTestConfig } from "./test-config.ts";

export type EnvironmentOptions = {
  /** The folder of the controllers that are tested, absolute. */
  folder: string;
  /** Instead of `hubbub.toml` in the working folder. */
  configFile?: string;
  /** Told every line that a server logs, and the servers that ran then. */
  onLog?: (line: LogLine, servers: readonly RunningServer[]) => void;
};

/**
 * Makes this process one in which tests of controllers run: they can import what controllers can, and `"hubbub/test"`.
 *
 * A server that a test starts ends with that test, and one that is started outside of tests at the end of all.
 */
export function prepareTests({ folder, configFile = "hubbub.toml", onLog }: EnvironmentOptions): void {
  const running = new Set<RunningServer>();
  const ofTests = new Set<RunningServer>();
  let runningTests = 0;

  const serve = async (options: ServeOptions = {}): Promise<TestServer> => {
    const server = new RunningServer({
      ...options,
      folder: options.folder === undefined ? folder : resolve(options.folder),
      configFile,
      onStop: (stopped) => running.delete(stopped),
    });
    // Whoever else uses the log in this process may have sent it elsewhere.
    takeLog((line) => {
      for (const each of running) each.log.push(line);
      onLog?.(line, [...running]);
    });
    running.add(server);
    if (runningTests > 0) ofTests.add(server);
    try {
      return await server.start();
    } catch (error) {
      running.delete(server);
      throw error;
    }
  };

  const open = async <Controller>(path: string, options?: SessionOptions): Promise<SessionOf<Controller>> => {
    if (/^(?:ws|http)s?:/.test(path)) return openSession(path, options) as Promise<SessionOf<Controller>>;
    return ([...running].at(-1) ?? (await serve())).open<Controller>(path, options);
  };

  installModules(folder, apiNames);
  installOutsideModules({
    findApp: () => [...running].at(-1)?.app,
    standIn: new RunningServer({ folder, configFile, onStop: () => {} }).app,
    testModule: { serve, open },
    folder,
    app: { name: basename(folder), version, config: readTestConfig({ configFile }).app },
  });

  beforeEach(() => {
    runningTests += 1;
  });
  afterEach(async () => {
    runningTests -= 1;
    // Tests that run at once share what may still be needed.
    if (runningTests > 0) return;
    await stopAll(ofTests);
    ofTests.clear();
  });
  afterAll(() => stopAll(running));
}

async function stopAll(servers: Iterable<RunningServer>): Promise<void> {
  await Promise.all(Array.from(servers, (server) => server.stop()));
}
