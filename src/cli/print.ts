/** Writes `text` to standard output; returns the exit code of a command that went well. */
export function print(text: string): number {
  process.stdout.write(text);
  return 0;
}
