import { existsSync, readFileSync } from "node:fs";
import { type Config, readConfig } from "../core/config.ts";
import { Fault } from "../core/errors.ts";
import { type SettingName, settingNames } from "../core/settings.ts";
import type { ServeOptions } from "./contract.ts";

/** What a test wants whatever `hubbub.toml` says: a port of its own, and no time to drain. */
const ownSettings: ServeOptions["settings"] = {
  host: "127.0.0.1",
  port: 0,
  drain: 0,
  "tls-cert": "",
  "tls-key": "",
  watch: false,
  "live-pages": false,
};

/**
 * The configuration of a test's server: `settings` over those that every test wants over `hubbub.toml`.
 *
 * Variables do not count, so that a test is the same everywhere.
 *
 * @throws {Fault} `FLAG_VALUE`, `CONFIG_VALUE`, `CONFIG_FILE`
 */
export function readTestConfig({
  settings = {},
  app,
  configFile,
}: Pick<ServeOptions, "settings" | "app"> & { configFile: string }): Config {
  const flags: Partial<Record<SettingName, string>> = {};
  for (const [name, value] of Object.entries({ ...ownSettings, ...settings })) flags[toName(name)] = String(value);
  const file = existsSync(configFile) ? readFileSync(configFile, "utf8") : undefined;
  const config = readConfig({ flags, file });
  return app === undefined ? config : { ...config, app };
}

function toName(name: string): SettingName {
  const known = settingNames.find((each) => each === name);
  if (known === undefined) {
    const text = `Cannot use setting "${name}": there is no such setting, expected one of ${settingNames.join(", ")}`;
    throw new Fault("CONFIG_VALUE", text);
  }
  return known;
}
