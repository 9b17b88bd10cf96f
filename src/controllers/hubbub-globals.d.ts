/** What the modules of a controllers folder have without an import, beside the runtime's own: `globals.ts` makes it. */

/** Writes to the server's log, with `%s`-style arguments. */
declare const log: (typeof import("hubbub"))["log"];

declare const app: {
  /** The name of the controllers folder. */
  readonly name: string;
  /** The version of the server. */
  readonly version: string;
  /** The `[app]` table of hubbub.toml. */
  readonly config: Readonly<Record<string, unknown>>;
};

/**
 * The file that `path` means to the file that asks, as a path within the controllers folder.
 *
 * @throws {Error} if there is no such file
 */
declare const resolve: (path: string) => string;
