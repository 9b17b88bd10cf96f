/** Below those that the system gives to connections, which could take the port while a test's server is away. */
const [FIRST, LAST] = [15_000, 32_000];

/** A port of the loopback address that nobody listens on. */
export function findFreePort(): number {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    try {
      Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } }).stop(true);
      return port;
    } catch {
      // Somebody has it.
    }
  }
}
