/** A network of a process's own can be made here. In CI it must be: nothing is skipped there. */
export const hasNamespaces =
  process.env["CI"] !== undefined || Bun.spawnSync(["unshare", "-rn", "ip", "link", "set", "lo", "up"]).exitCode === 0;
