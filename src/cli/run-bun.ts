/** What the terminal and a service manager end a process with. */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The runtime would keep what it has read of files in the home folder, which saves nothing that one notices here. */
const defaults = { BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0" };

export type RunOptions = {
  cwd?: string;
  /** Variables beside those of this process. */
  environment?: Record<string, string>;
};

/** Runs a command of the runtime in this executable, with this terminal; returns its exit code. */
export async function runBun(
  args: readonly string[],
  { cwd = process.cwd(), environment = {} }: RunOptions = {},
): Promise<number> {
  const child = Bun.spawn([process.execPath, ...args], {
    cwd,
    env: { ...defaults, ...process.env, ...environment, BUN_BE_BUN: "1" },
    stdio: ["inherit", "inherit", "inherit"],
  });
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  for (const signal of signals) process.on(signal, pass);
  const exitCode = await child.exited;
  for (const signal of signals) process.off(signal, pass);
  return exitCode;
}

/**
 * Runs a command of the runtime in this executable, with nothing of this terminal and nothing of this environment.
 *
 * @param cwd where it runs
 */
export async function askBun(
  args: readonly string[],
  cwd: string,
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const child = Bun.spawn([process.execPath, ...args], {
    cwd,
    env: { BUN_BE_BUN: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { exitCode, stdout, stderr };
}
