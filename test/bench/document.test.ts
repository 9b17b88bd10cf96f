import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findPage, replaceSection, type Section } from "../../bench/document.ts";
import { root } from "../support/server.ts";

const sections: readonly Section[] = ["cases", "peers", "settings", "plots", "workers", "sessions"];

test("replaceSection() replaces what is between its markers, and nothing else", () => {
  const text = "Before\n<!-- bench:cases -->\nold\n<!-- /bench:cases -->\nAfter";
  const once = replaceSection(text, "cases", "new $& text");
  expect(once).toBe("Before\n<!-- bench:cases -->\n\nnew $& text\n\n<!-- /bench:cases -->\nAfter");
  expect(replaceSection(once, "cases", "new $& text")).toBe(once);
});

test("replaceSection() refuses a text without the markers", () => {
  expect(() => replaceSection("<!-- /bench:peers --> <!-- bench:peers -->", "peers", "")).toThrow(
    'Cannot write "peers": docs/performance.md has no "<!-- bench:peers -->"',
  );
});

test.each(sections)("the section %s is in its page", (section) => {
  const text = readFileSync(join(root, findPage(section)), "utf8");
  expect(replaceSection(text, section, "measured")).toContain("measured");
});
