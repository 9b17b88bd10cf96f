import { afterAll, beforeAll, expect, test } from "bun:test";
import { configureLog, controllerLog, log, takeLog } from "../../src/core/log.ts";
import { LogBook } from "../../src/core/log-book.ts";

beforeAll(() => takeLog(() => {}));

afterAll(() => configureLog({ logLevel: "error", logFormat: "json" }));

function openBook(): LogBook & Disposable {
  const book = new LogBook(() => 1_000_000);
  book.start();
  return Object.assign(book, { [Symbol.dispose]: () => book.stop() });
}

test("LogBook keeps what is logged, with its detail", () => {
  using book = openBook();
  log.error("It {failed}", { detail: "at a.ts:1", code: 7 });
  controllerLog.error("mine", { detail: "" });
  expect(book.readAfter(0)).toEqual([
    { number: 1, at: 1_000_000, level: "error", text: "It {failed}", detail: "at a.ts:1", isController: false },
    { number: 2, at: 1_000_000, level: "error", text: "mine", isController: true },
  ]);
  expect(book.readAfter(1).map(({ text }) => text)).toEqual(["mine"]);
  expect(book.readAfter(2)).toEqual([]);
});

test("LogBook keeps the newest 500 lines, and cuts what is long", () => {
  using book = openBook();
  for (let count = 1; count <= 1700; count += 1) log.error(`line ${count}`);
  log.error("x".repeat(5000), { detail: "y".repeat(9000) });
  const lines = book.readAfter(0);
  expect(lines.map(({ number }) => number)).toEqual(Array.from({ length: 500 }, (_, index) => 1202 + index));
  expect(lines.at(-1)?.text).toHaveLength(1000);
  expect(lines.at(-1)?.detail).toHaveLength(4000);
  expect(book.readAfter(1699).map(({ number }) => number)).toEqual([1700, 1701]);
});

test("LogBook gives all that it has to a reader who knows another process, and nothing once it has stopped", () => {
  const book = openBook();
  log.error("one");
  expect(book.readAfter(99)).toHaveLength(1);
  book[Symbol.dispose]();
  log.error("two");
  expect(book.readAfter(0)).toHaveLength(1);
});
