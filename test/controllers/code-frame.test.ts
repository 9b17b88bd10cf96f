import { expect, test } from "bun:test";
import { formatCodeFrame, readLinesAround } from "../../src/controllers/code-frame.ts";
import { describeThrown } from "../../src/controllers/thrown.ts";
import { createFolder } from "../support/folder.ts";

const source = "one();\n\ttwo(oops);\nthree();\n\n\nsix();\n";

test("formatCodeFrame() marks the line and the column, and leaves out blank lines at the end", () => {
  using folder = createFolder({ "a.js": source });
  const place = { file: "a.js", line: 2, column: 6 };
  const lines = readLinesAround(folder.path, place, 3) ?? [];
  expect(lines.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5]);
  expect(formatCodeFrame(lines, place)).toBe("  1 | one();\n> 2 | \ttwo(oops);\n    | \t    ^\n  3 | three();");
});

test("formatCodeFrame() aligns numbers, and marks no column that the line does not have", () => {
  const lines = [9, 10, 11].map((number) => ({ number, text: `line ${number}` }));
  expect(formatCodeFrame(lines, { file: "a.js", line: 10, column: 500 })).toBe(
    "   9 | line 9\n> 10 | line 10\n  11 | line 11",
  );
});

test("readLinesAround() gives nothing for a file that cannot be read", () => {
  expect(readLinesAround("/nowhere", { file: "a.js", line: 1, column: 1 }, 2)).toBeUndefined();
});

test("describeThrown() has the place, the code around it, and no line of the stack that is the server's", () => {
  using folder = createFolder({ "a.js": source });
  const error = new Error("oops");
  error.stack = `Error: oops
    at inner (${folder.path}/lib/b.js:1:2)
    at webSocketEvent (${folder.path}/a.js:2:6)
    at run (src/controllers/events.ts:65:33)
    at message (src/http/socket.ts:67:15)`;
  const { where, properties } = describeThrown(error, folder.path);
  expect(where).toBe(" at lib/b.js:1:2");
  expect(properties).toMatchObject({ file: "lib/b.js", line: 1, column: 2 });
  expect(properties.detail).toBe(error.stack.split("\n").slice(0, 3).join("\n"));
  // The file is gone.
  expect(properties.frame?.()).toBeUndefined();
});

test("describeThrown() keeps the whole stack of what is nowhere in the folder, and describes what is no error", () => {
  const error = new Error("elsewhere");
  expect(describeThrown(error, "/srv/controllers")).toEqual({
    place: undefined,
    where: "",
    properties: { detail: error.stack },
  });
  expect(describeThrown("text", "/srv/controllers").properties).toEqual({ detail: undefined });
});
