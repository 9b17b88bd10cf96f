import { expect, test } from "bun:test";
import { NumberedReader } from "../../bench/soak/numbered-reader.ts";

/** What a reader complains of when a session that is called `7:` gets these messages. */
function read(...messages: string[]): string[] {
  const problems: string[] = [];
  const reader = new NumberedReader("7:", (problem) => problems.push(problem));
  for (const message of messages) reader.read(message);
  return problems;
}

test.each([
  ["a whole stay", ["joined 4", "5 3:0", "6 7:0", "7 7:1", "left 7"], []],
  ["a stay in which nothing is said", ["joined 4", "left 4"], []],
  ["a message that is missing", ["joined 4", "5 3:0", "7 3:2"], ["message 7 came after 5"]],
  ["a message that comes twice", ["joined 4", "5 3:0", "5 3:0"], ["message 5 came after 5"]],
  [
    "two messages in the wrong order",
    ["joined 4", "6 3:1", "5 3:0"],
    ["message 6 came after 4", "message 5 came after 6"],
  ],
  [
    "a message too early",
    ["4 3:0", "joined 4"],
    ["message 4 came before it joined or after it left", "joined a second time, after 4"],
  ],
  ["a last message that is missing", ["joined 4", "5 3:0", "left 6"], ["left at 6, but the last message was 5"]],
  ["a message after the end", ["joined 4", "left 4", "5 3:0"], ["message 5 came before it joined or after it left"]],
  ["one of its own that is missing", ["joined 4", "5 7:0", "6 7:2"], ["its own 7:2 came after 1"]],
] as const)("NumberedReader tells %s from all else", (_, messages, problems) => {
  expect(read(...messages)).toEqual([...problems]);
});
