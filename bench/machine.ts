import { availableParallelism, cpus, release, totalmem } from "node:os";

/** What the figures of this machine depend on, in one line. */
export function describeMachine(): string {
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  return `${availableParallelism()} cores of ${model}, ${memory}, Linux ${release()}, Bun ${Bun.version}`;
}
