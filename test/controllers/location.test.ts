import { expect, test } from "bun:test";
import { join } from "node:path";
import { formatLocation, locate } from "../../src/controllers/location.ts";
import { createFolder } from "../support/folder.ts";

/** What importing a module of this text throws. */
async function thrownBy(path: string): Promise<unknown> {
  try {
    await import(path);
  } catch (error) {
    return error;
  }
  throw new Error("It does not throw");
}

test.each([
  ["throw new Error('boom');\n", 1],
  ["// comment\n\nexport const fail = () => {\n  throw new TypeError('boom');\n};\nfail();\n", 4],
  ["await 1;\nthrow new Error('late');\n", 2],
  ["const text = 'x' as unknown as { y(): void };\n\ntext.y();\n", 3],
  ["export const get = (;\n", 1],
])("locate() finds what %p throws", async (text, line) => {
  using folder = createFolder({ "admin/chat.ts": text });
  const thrown = await thrownBy(join(folder.path, "admin/chat.ts"));
  expect(locate(thrown, folder.path)).toMatchObject({ file: "admin/chat.ts", line });
});

test("locate() gives the column of a parse error", async () => {
  using folder = createFolder({ "chat.ts": "\nexport const get = (;\n" });
  const thrown = await thrownBy(join(folder.path, "chat.ts"));
  expect(locate(thrown, folder.path)).toEqual({ file: "chat.ts", line: 2, column: 21 });
});

test("locate() gives the innermost place below the folder", async () => {
  using folder = createFolder({
    "chat.ts": "import { check } from './lib/check.ts';\ncheck('{');\n",
    "lib/check.ts": "export const check = (text: string) => {\n  new URL(text);\n};\n",
  });
  const thrown = await thrownBy(join(folder.path, "chat.ts"));
  expect(locate(thrown, folder.path)).toMatchObject({ file: "lib/check.ts", line: 2 });
});

test("locate() reads a folder's name with spaces and parentheses", async () => {
  using folder = createFolder({ "my app (copy)/chat.ts": "throw new Error('boom');\n" });
  const root = join(folder.path, "my app (copy)");
  expect(locate(await thrownBy(join(root, "chat.ts")), root)).toMatchObject({ file: "chat.ts", line: 1 });
});

test("locate() finds nothing in another folder that begins with the same name", async () => {
  using folder = createFolder({ "app-2/chat.ts": "throw new Error('boom');\n" });
  const thrown = await thrownBy(join(folder.path, "app-2/chat.ts"));
  expect(locate(thrown, join(folder.path, "app"))).toBeUndefined();
  expect(locate(thrown, join(folder.path, "app-2"))).toBeDefined();
});

test("locate() finds the embedded controllers, which are named from the repository's root", () => {
  const error = new Error("boom");
  error.stack = "Error: boom\n    at run (src/app.ts:3:4)\n    at webSocketEvent (controllers/chat.ts:12:3)\n";
  expect(locate(error, "/$bunfs/root/controllers")).toEqual({ file: "chat.ts", line: 12, column: 3 });
});

test.each([new Error("of the test"), "text", 5, null, undefined, {}, { position: null }])(
  "locate() finds nothing in %p",
  (thrown) => {
    expect(locate(thrown, "/srv/controllers")).toBeUndefined();
  },
);

test("formatLocation() writes file, line and column", () => {
  expect(formatLocation({ file: "admin/chat.ts", line: 12, column: 3 })).toBe("admin/chat.ts:12:3");
});
