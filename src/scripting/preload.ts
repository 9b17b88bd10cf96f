import { beforeEach } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { App } from "../app.ts";
import { readConfig } from "../core/config.ts";
import { type LogLine, takeLog } from "../core/log.ts";
import { version } from "../core/version.ts";
import { prepareTests } from "../testing/environment.ts";
import { installScriptModules } from "./script-modules.ts";

export type ProcessOptions = {
  /** The controllers folder, absolute. */
  folder: string;
  /** The hubbub.toml that counts, absolute, if it is there. */
  configFile: string;
};

/** Prepares a process of the runtime's that `hubbub bun` has started: it can import what controllers and their tests can. */
export function prepareProcess({ folder, configFile }: ProcessOptions): void {
  if (isTestRunner()) {
    prepareTests({
      folder,
      configFile,
      onLog: (line) => line.level !== "debug" && line.level !== "info" && show(line),
    });
    return;
  }
  takeLog(show);
  const config = readConfig({ file: existsSync(configFile) ? readFileSync(configFile, "utf8") : undefined });
  const app = new App({ config, folder, isEmbedded: false, version });
  const info = { name: basename(folder), version, config: config.app };
  installScriptModules({ folder, api: app.api, auth: app.createAuth(), app: info });
}

/** What scripts log; their own output stays as it is. */
function show({ level, text }: LogLine): void {
  process.stderr.write(`${level.padEnd(7)} ${text}\n`);
}

/** The runtime refuses hooks of tests everywhere else. */
function isTestRunner(): boolean {
  try {
    beforeEach(() => {});
    return true;
  } catch {
    return false;
  }
}
