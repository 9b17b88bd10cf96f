import type { SessionOptions, TestSession } from "../../src/testing/contract.ts";
import { openSession as open } from "../../src/testing/session.ts";

export type { SessionOptions, TestSession } from "../../src/testing/contract.ts";

/** A busy machine may take its time; only what fails waits for so long. */
const PATIENCE_MS = 15_000;

/** Opens a session at an http or ws address; rejects with the HTTP status if it is refused. */
export function openSession(url: string, options: SessionOptions = {}): Promise<TestSession> {
  return open(url, { patienceMs: PATIENCE_MS, ...options });
}

/** `promise`, or a clear failure after fifteen seconds. */
export function withPatience<T>(promise: Promise<T>, what: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`No ${what} within ${PATIENCE_MS} ms`)), PATIENCE_MS);
  return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer));
}

/** Resolves as soon as `condition` holds; fails after fifteen seconds. */
export async function waitFor(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`No ${what} within ${PATIENCE_MS} ms`);
    await Bun.sleep(5);
  }
}
