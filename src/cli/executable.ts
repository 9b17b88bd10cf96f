/** What starts this program: the executable itself, or the runtime and the script that it runs. */
export function findExecutable(): [string, ...string[]] {
  return Bun.isStandaloneExecutable ? [process.execPath] : [process.execPath, Bun.main];
}

/** An argument as a POSIX shell reads it as one. */
export function quoteForShell(argument: string): string {
  return /^[\w./:@=,+%-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", String.raw`'\''`)}'`;
}
