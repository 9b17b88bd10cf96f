import { join } from "node:path";
import { App } from "../../src/app.ts";
import type { AppOptions } from "../../src/app/options.ts";
import { type ConfigSources, readConfig } from "../../src/core/config.ts";
import { configureLog } from "../../src/core/log.ts";
import { createFolder, type TestFolder } from "./folder.ts";
import { openSession, type SessionOptions, type TestSession } from "./session.ts";

configureLog({ logLevel: "error", logFormat: "json" });

/** A real server in this process, on a free port, with controllers of a test's own. */
export type TestServer = AsyncDisposable & {
  app: App;
  folder: TestFolder;
  /** The address of `path`. */
  url: (path: string) => string;
  /** Requests `path`; redirects are not followed. */
  fetch: (path: string, init?: BunFetchRequestInit) => Promise<Response>;
  /** Opens a session at `path`. */
  open: (path: string, options?: SessionOptions) => Promise<TestSession>;
};

/** What a test wants unless it says otherwise: a free port, and no time to drain. */
const quick = { port: "0", drain: "0" };

const running = new Set<TestServer>();

/**
 * Starts the server with `files` as its controllers folder.
 *
 * @param flags settings as on the command line: `{ timeout: "2", "max-message": "1KiB" }`
 */
export async function startServer(
  files: Record<string, string | Uint8Array>,
  flags: NonNullable<ConfigSources["flags"]> = {},
  toml?: string,
  options: Pick<AppOptions, "openBus" | "clock"> = {},
): Promise<TestServer> {
  const folder = createFolder(files);
  const config = readConfig({ flags: { ...quick, ...flags }, file: toml });
  const app = new App({ config, folder: folder.path, isEmbedded: false, version: "1.2.3", ...options });
  try {
    return await toServer(app, folder);
  } catch (error) {
    folder[Symbol.dispose]();
    throw error;
  }
}

/** Starts the server with the controllers in a folder that the test keeps. */
export function startServerIn(path: string, flags: NonNullable<ConfigSources["flags"]> = {}): Promise<TestServer> {
  const app = new App({
    config: readConfig({ flags: { ...quick, ...flags } }),
    folder: path,
    isEmbedded: false,
    version: "1.2.3",
  });
  return toServer(app, { path, write: () => {}, [Symbol.dispose]: () => {} });
}

/** Stops every server that a test left running. */
export async function stopServers(): Promise<void> {
  for (const server of running) await server[Symbol.asyncDispose]();
}

async function toServer(app: App, folder: TestFolder): Promise<TestServer> {
  const { origin } = await app.start();
  const url = (path: string) => origin + path;
  const server: TestServer = {
    app,
    folder,
    url,
    fetch: (path, init = {}) => fetch(url(path), { redirect: "manual", ...init }),
    open: (path, options) => openSession(url(path), options),
    async [Symbol.asyncDispose]() {
      running.delete(server);
      await app.stop();
      folder[Symbol.dispose]();
    },
  };
  running.add(server);
  return server;
}

/** The repository's root. */
export const root = join(import.meta.dir, "../..");
