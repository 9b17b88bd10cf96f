/** A machine that others use too may take its time. */
const PATIENCE_MS = 20_000;

/** Resolves as soon as `condition` holds; fails after twenty seconds. */
export async function waitUntil(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`No ${what} within ${PATIENCE_MS} ms`);
    await Bun.sleep(2);
  }
}
