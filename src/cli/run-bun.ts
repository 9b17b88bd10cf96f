/** What the terminal and a service manager end a process with. */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Runs a command of the runtime in this executable, with this terminal; returns its exit code. */
export async function runBun(args: readonly string[]): Promise<number> {
  const child = Bun.spawn([process.execPath, ...args], {
    env: { ...process.env, BUN_BE_BUN: "1" },
    stdio: ["inherit", "inherit", "inherit"],
  });
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  for (const signal of signals) process.on(signal, pass);
  const exitCode = await child.exited;
  for (const signal of signals) process.off(signal, pass);
  return exitCode;
}
