import * as v from "valibot";
import { Fault } from "./errors.ts";
import { isSecret, type SettingName, settingNames, settings, type SettingValues, variableName } from "./settings.ts";

/** The settings under their names in code, with units. */
export type Config = SettingValues & {
  /** The `[app]` table of hubbub.toml: what a controller reads as `app.config`. */
  readonly app: Readonly<Record<string, unknown>>;
};

/** Where settings may come from, the strongest first. */
export type ConfigSources = {
  flags?: Partial<Record<SettingName, string>>;
  environment?: Record<string, string | undefined>;
  /** The text of hubbub.toml. */
  file?: string | undefined;
};

/**
 * Merges flags over `HUBBUB_*` variables over hubbub.toml over the defaults.
 *
 * @throws {Fault} `FLAG_VALUE`, `CONFIG_VALUE` or `CONFIG_FILE` with the place and what is wanted.
 */
export function readConfig({ flags = {}, environment = {}, file }: ConfigSources = {}): Config {
  const table = file === undefined ? {} : parseTable(file);
  const variables = readVariables(environment);
  const pick = (name: SettingName): unknown => {
    if (flags[name] !== undefined) return read(name, flags[name], `--${name}`, "FLAG_VALUE");
    if (variables[name] !== undefined) return read(name, variables[name], variableName(name), "CONFIG_VALUE");
    if (table[name] !== undefined) return read(name, table[name], `hubbub.toml's ${name}`, "CONFIG_VALUE");
    return settings[name].value;
  };
  const values = Object.fromEntries(settingNames.map((name) => [settings[name].key, pick(name)]));
  return { ...(values as SettingValues), app: (table["app"] ?? {}) as Record<string, unknown> };
}

function read(name: SettingName, value: unknown, place: string, code: "FLAG_VALUE" | "CONFIG_VALUE"): unknown {
  const result = v.safeParse(settings[name].kind.schema, value);
  if (result.success) return result.output;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const shown = isSecret(name) ? "" : ` "${text}"`;
  throw new Fault(code, `Cannot use ${place}${shown}: ${result.issues[0].message}`);
}

function readVariables(environment: Record<string, string | undefined>): Partial<Record<SettingName, string>> {
  const variables: Partial<Record<SettingName, string>> = {};
  const byVariable = new Map(settingNames.map((name) => [variableName(name), name]));
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith("HUBBUB_") || value === undefined) continue;
    const name = byVariable.get(variable);
    if (name === undefined) {
      const known = [...byVariable.keys()].join(", ");
      // Its value may be a secret whose name has a wrong letter.
      throw new Fault("CONFIG_VALUE", `Cannot use ${variable}: it is no setting, expected one of ${known}`);
    }
    variables[name] = value;
  }
  return variables;
}

function parseTable(file: string): Record<string, unknown> {
  let table: Record<string, unknown>;
  try {
    table = Bun.TOML.parse(file) as Record<string, unknown>;
  } catch (error) {
    throw new Fault("CONFIG_FILE", `Cannot read "hubbub.toml": ${describeTomlError(error)}`, { cause: error });
  }
  for (const key of Object.keys(table)) {
    if (key !== "app" && !settingNames.includes(key as SettingName)) {
      const known = [...settingNames, "app"].join(", ");
      throw new Fault("CONFIG_VALUE", `Cannot use hubbub.toml's ${key}: it is no setting, expected one of ${known}`);
    }
  }
  const { app = {} } = table;
  if (typeof app !== "object" || app === null || Array.isArray(app)) {
    throw new Fault("CONFIG_VALUE", `Cannot use hubbub.toml's app: expected a table, written [app]`);
  }
  return table;
}

function describeTomlError(error: unknown): string {
  const line = (error as { position?: { line?: number } } | null)?.position?.line;
  const message = error instanceof Error ? error.message : String(error);
  return line === undefined ? `${message}, expected TOML` : `${message} in line ${line}, expected TOML`;
}
