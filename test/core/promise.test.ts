import { expect, test } from "bun:test";
import { isPromise, takeFulfilled } from "../../src/core/promise.ts";

/** An object that has a `then`. */
const toThenable = (value: unknown): unknown =>
  JSON.parse('{ "then": null }', (key, given: unknown) => (key === "then" ? value : given));

const thenable = toThenable(() => {});

test("isPromise() is true for what can be awaited", () => {
  for (const value of [Promise.resolve(1), new Promise(() => {}), thenable]) expect(isPromise(value)).toBe(true);
  for (const value of [undefined, null, 0, "then", {}, toThenable(1), () => {}]) expect(isPromise(value)).toBe(false);
});

test("takeFulfilled() gives what an async function returned that awaited nothing", () => {
  const value = { status: 200 };
  expect(takeFulfilled((async () => value)())).toBe(value);
  expect(takeFulfilled((async () => {})())).toBeUndefined();
  expect(takeFulfilled(Promise.resolve(null))).toBeNull();
});

test("takeFulfilled() leaves alone what is not fulfilled, or is no promise", async () => {
  const pending = new Promise(() => {});
  expect(takeFulfilled(pending)).toBe(pending);
  const later = (async () => await Promise.resolve(1))();
  expect(takeFulfilled(later)).toBe(later);
  expect(await takeFulfilled(later)).toBe(1);
  expect(takeFulfilled(thenable)).toBe(thenable);
  class Special extends Promise<number> {}
  const special = Special.resolve(1);
  expect(takeFulfilled(special)).toBe(special);
  for (const value of [undefined, null, 1, "text"]) expect(takeFulfilled(value)).toBe(value);
});

test("takeFulfilled() leaves a rejection to whoever handles it", async () => {
  const rejected = Promise.reject(new Error("no"));
  expect(takeFulfilled(rejected)).toBe(rejected);
  expect(await rejected.catch((error: Error) => error.message)).toBe("no");
});
