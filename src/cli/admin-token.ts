import { readFileSync } from "node:fs";
import { describeError, Fault } from "../core/errors.ts";
import { log, printLine } from "../core/log.ts";
import { isToken } from "../core/setting-kinds.ts";
import { MIN_ADMIN_TOKEN_LENGTH } from "../core/settings.ts";

const RANDOM_BYTES = 24;

/** The admin token, and where it is from. */
export type FoundToken = {
  /** Empty if there is none. */
  token: string;
  /** It was made for the person at this terminal, who is to be told. */
  isRandom: boolean;
};

/**
 * The admin token that a setting means: itself, what stands in the file after `@`, or on a terminal a random one.
 *
 * Takes it out of the environment, which controllers give to what they start.
 *
 * @throws {Fault} `ADMIN_TOKEN` for a file without one
 */
export function findAdminToken(setting: string, isTerminal: boolean): FoundToken {
  delete process.env["HUBBUB_ADMIN_TOKEN"];
  if (setting === "" && isTerminal) {
    const { randomBytes } = process.getBuiltinModule("node:crypto");
    return { token: randomBytes(RANDOM_BYTES).toString("base64url"), isRandom: true };
  }
  return { token: readToken(setting), isRandom: false };
}

/**
 * The token itself, or the one in the file after `@`.
 *
 * @throws {Fault} `ADMIN_TOKEN`
 */
export function readToken(setting: string): string {
  if (!setting.startsWith("@")) return setting;
  const file = setting.slice(1);
  const wanted = `expected one of at least ${MIN_ADMIN_TOKEN_LENGTH} letters, digits and -._~+/ and nothing else`;
  let text: string;
  try {
    text = readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new Fault("ADMIN_TOKEN", `Cannot read the token in "${file}": ${describeError(error)}, ${wanted}`, {
      cause: error,
    });
  }
  if (!isToken(text, MIN_ADMIN_TOKEN_LENGTH))
    throw new Fault("ADMIN_TOKEN", `Cannot use the token in "${file}": it has not the form of one, ${wanted}`);
  return text;
}

/** Says where the inspector is, once the server listens at `url`, or why there is none. */
export function announceInspector({ token, isRandom }: FoundToken, url: URL): void {
  const { href } = new URL("/-/", url);
  if (token === "") log.info("The inspector and the API are off: there is no HUBBUB_ADMIN_TOKEN or --admin-token");
  // Not by way of the log, which others may read.
  else if (isRandom) printLine(`Inspector: open ${href}?token=${token}`);
  else log.info(`Inspector: open ${href}`, { inspector: href });
}
