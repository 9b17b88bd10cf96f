/** Exit codes of the process: 1 failure, 2 usage (argv), 78 configuration (EX_CONFIG of sysexits.h). */
type ExitCode = 1 | 2 | 78;

/** Every code a `Fault` can carry, with the exit code it gives the process; `docs/errors.md` has a heading for each. */
export const faultCodes = {
  COMMAND_UNKNOWN: 2,
  ARGUMENT_UNEXPECTED: 2,
  ARGUMENT_MISSING: 2,
  FLAG_UNKNOWN: 2,
  FLAG_VALUE: 2,
  CONFIG_VALUE: 78,
  CONFIG_FILE: 78,
  FOLDER: 78,
  CONTROLLER_NAME: 78,
  CONTROLLER_CONFLICT: 78,
  CONTROLLER_LOAD: 78,
  CONTROLLER_SHAPE: 78,
  CONTROLLER_ANSWER: 1,
  CONTROLLER_ENDED: 1,
  TLS: 78,
  BUS: 78,
  ADMIN_TOKEN: 78,
  LISTEN: 1,
  WORKER: 1,
  OUTPUT: 1,
  SCRATCH: 1,
  CHECKER: 1,
  INIT: 1,
  COMPILE: 78,
  RUNTIME: 1,
  NOTIFY_SOCKET: 1,
  UNIT: 2,
  PUBLISH: 1,
  GROUP_NAME: 1,
  GROUP_LIMIT: 1,
  COALESCE: 1,
  MESSAGE: 1,
  MESSAGE_SCHEMA: 1,
  CLOSE_CODE: 1,
  KEPT_NAME: 1,
  KEPT_KIND: 1,
  AUTH_OPTIONS: 1,
  AUTH_KEYS: 1,
  JAVA_BRIDGE: 1,
  PROCESS_EXIT: 1,
  RESOLVE: 1,
  TEST_SERVER: 1,
  TEST_SESSION: 1,
  TEST_WAIT: 1,
  CLOCK: 1,
  TESTS_MISSING: 1,
  NO_SERVER: 1,
} as const satisfies Record<string, ExitCode>;

export type FaultCode = keyof typeof faultCodes;

type FaultOptions = ErrorOptions & { detail?: string | undefined; place?: Place | undefined };

/** Where in a controllers folder something happened. */
export type Location = {
  /** Relative to the folder. */
  file: string;
  /** From 1 on. */
  line: number;
  column: number;
};

/** Where a mistake is: maybe only the file is known. */
export type Place = Pick<Location, "file"> & Partial<Location>;

/**
 * What could not be done, to what, and what is wanted.
 *
 * A remote party's mistake is never a `Fault`: it becomes a status or a close code.
 */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly code: FaultCode;
  /** Lines to print beneath the message: a code frame. */
  declare readonly detail: string | undefined;
  /** Where the mistake is, if it is one in a controllers folder. */
  declare readonly place: Place | undefined;

  constructor(code: FaultCode, message: string, { detail, place, ...options }: FaultOptions = {}) {
    super(message, options);
    this.code = code;
    // What is absent is no property: the runtime shows all that there are.
    if (detail !== undefined) this.detail = detail;
    if (place !== undefined) this.place = place;
  }

  get exitCode(): ExitCode {
    return faultCodes[this.code];
  }
}

const UNSHOWABLE = "a value that cannot be shown";

/** The text of anything that can be thrown. */
export function describeError(thrown: unknown): string {
  if (thrown instanceof Error) return String(thrown.message) || String(thrown.name);
  try {
    return String(thrown);
  } catch {
    return UNSHOWABLE;
  }
}

/** The stack of an error; undefined for what has none. */
export function describeStack(thrown: unknown): string | undefined {
  return thrown instanceof Error && typeof thrown.stack === "string" ? thrown.stack : undefined;
}

/** What a controller threw, or an error in the place of what throws again when it is looked at. */
export function toShowable(thrown: unknown): unknown {
  try {
    void [describeError(thrown), describeStack(thrown), (Object(thrown) as { position?: unknown }).position];
    return thrown;
  } catch {
    return new Error(UNSHOWABLE);
  }
}

/** How a message names what a value is: `a number`, `null`, `an array`. */
export function nameKind(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  const kind = typeof value;
  return kind === "object" ? "an object" : `a ${kind}`;
}
