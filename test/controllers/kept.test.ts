import { expect, test } from "bun:test";
import { Kept } from "../../src/controllers/kept.ts";

test("Kept.take() makes a value the first time and then gives the same one", () => {
  const kept = new Kept();
  const value = kept.take("users", () => new Map([["ada", 1]]));
  expect(value).toEqual(new Map([["ada", 1]]));
  expect(kept.take("users", () => new Map())).toBe(value);
  expect(value).toEqual(new Map([["ada", 1]]));
});

test("Kept.take() keeps undefined too", () => {
  const kept = new Kept();
  expect(kept.take("nothing", () => undefined)).toBeUndefined();
  expect(kept.take("nothing", () => undefined)).toBeUndefined();
  expect(kept.size).toBe(1);
});

test("Kept.take() knows classes by name, for each generation has its own", () => {
  const kept = new Kept();
  const makeClass = () => class Room {};
  const [First, Second] = [makeClass(), makeClass()];
  const room = kept.take("room", () => new First());
  expect(kept.take("room", () => new Second())).toBe(room);
});

const otherKinds: [first: () => unknown, second: () => unknown, keptKind: string, madeKind: string][] = [
  [() => new Map(), () => [], "a Map", "an Array"],
  [() => [], () => ({}), "an Array", "an Object"],
  [() => 1, () => "1", "a number", "a string"],
  [() => null, () => ({}), "null", "an Object"],
  [() => Object.create(null) as object, () => 1, "an Object", "a number"],
];

test.each(otherKinds)("Kept.take() refuses another kind than is kept: %p, %p", (first, second, keptKind, madeKind) => {
  const kept = new Kept();
  const value = kept.take("users", first);
  const message = `Cannot keep "users": it is kept as ${keptKind}, but is asked for as ${madeKind}, expected another name or a restart`;
  expect(() => kept.take("users", second)).toThrow(expect.objectContaining({ code: "KEPT_KIND", message }));
  expect(kept.take("users", first)).toBe(value);
});

test("Kept.take() keeps names apart, and instances", () => {
  const kept = new Kept();
  expect(kept.take("a", () => 1)).toBe(1);
  expect(kept.take("b", () => 2)).toBe(2);
  expect(kept.take("__proto__", () => 3)).toBe(3);
  expect(new Kept().take("a", () => 4)).toBe(4);
});

test("Kept.take() keeps nothing when init throws", () => {
  const kept = new Kept();
  expect(() =>
    kept.take("users", () => {
      throw new Error("no database");
    }),
  ).toThrow("no database");
  expect(kept.take("users", () => "second try")).toBe("second try");
});

test("Kept.size counts the names", () => {
  const kept = new Kept();
  expect(kept.size).toBe(0);
  for (const name of ["a", "b", "a"]) kept.take(name, () => 1);
  expect(kept.size).toBe(2);
});

test.each([
  ["", "empty"],
  [5, "a number"],
  [undefined, "undefined"],
  [{}, "an object"],
])("Kept.take() refuses the name %p", (name, kind) => {
  const message = `Cannot keep a value: its name is ${kind}, expected a text`;
  expect(() => new Kept().take(name, () => 1)).toThrow(expect.objectContaining({ code: "KEPT_NAME", message }));
});

test.each([
  [undefined, "undefined"],
  [[], "an array"],
  [5, "a number"],
])("Kept.take() refuses %p for init", (init, kind) => {
  const message = `Cannot keep "users": its second argument is ${kind}, expected a function that makes the value`;
  expect(() => new Kept().take("users", init)).toThrow(expect.objectContaining({ code: "KEPT_KIND", message }));
});
