/** Whether `value` must be awaited. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/**
 * What `value` was fulfilled with, if it is a promise and has been; else `value`.
 *
 * An async function that awaited nothing has ended when it returns: nobody needs to wait for it. Like `await`, it asks a promise of another
 * class for its `then` instead.
 */
export function takeFulfilled<T>(value: T): T | Awaited<T> {
  if (!(value instanceof Promise) || value.constructor !== Promise) return value;
  return Bun.peek.status(value) === "fulfilled" ? (Bun.peek(value) as Awaited<T>) : value;
}
