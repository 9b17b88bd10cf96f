import { existsSync, readFileSync } from "node:fs";
import { type Config, readConfig } from "../core/config.ts";
import { describeError, Fault } from "../core/errors.ts";
import type { Given } from "./command.ts";

/**
 * The configuration that a command's flags, the variables and `hubbub.toml` give.
 *
 * @throws {Fault} `CONFIG_VALUE`, `CONFIG_FILE`
 */
export function readGivenConfig({ settings }: Pick<Given, "settings">, environment = process.env): Config {
  return readConfig({ flags: settings, environment, file: readConfigFile() });
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
