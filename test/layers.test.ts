import { expect, test } from "bun:test";
import { join, relative } from "node:path";
import { root } from "./support/server.ts";

/** From the top down: a file imports from its own layer and from those below. */
const layers = [
  "main",
  "cli",
  "scripting",
  "testing",
  "workers",
  "app",
  "http",
  "controllers",
  "sessions",
  "groups",
  "bus",
  "core",
];

/** Folders that run elsewhere (in browsers) and share nothing. */
const islands = ["client", "admin"];

const source = join(root, "src");
const files = [...new Bun.Glob("**/*.{ts,tsx}").scanSync(source)].sort();

function listImports(file: string, text: string): string[] {
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map(([, specifier]) => specifier ?? "");
  return specifiers.map((specifier) => relative(source, join(source, file, "..", specifier)));
}

function layerOf(file: string): string {
  return file.split("/")[0]?.replace(/\.tsx?$/, "") ?? "";
}

test("every file of src/ belongs to a layer", () => {
  expect(files.length).toBeGreaterThan(30);
  expect(files.filter((file) => ![...layers, ...islands].includes(layerOf(file)))).toEqual([]);
});

test("imports only go down the layers", async () => {
  const upward: string[] = [];
  for (const file of files) {
    const own = layerOf(file);
    for (const imported of listImports(file, await Bun.file(join(source, file)).text())) {
      if (imported.startsWith("..")) continue;
      const other = layerOf(imported);
      const isAllowed =
        islands.includes(own) || islands.includes(other) ? own === other : layers.indexOf(own) <= layers.indexOf(other);
      if (!isAllowed) upward.push(`${file} imports ${imported}`);
    }
  }
  expect(upward).toEqual([]);
});

test("nothing but main.ts ends the process", async () => {
  const exits: string[] = [];
  for (const file of files) if ((await Bun.file(join(source, file)).text()).includes("process.exit(")) exits.push(file);
  expect(exits).toEqual(["main.ts"]);
});

// Packages for one platform are left out: which of them there are, the registry says differently from day to day.
test("package-lock.json and bun.lock hold the same packages", async () => {
  const npm = (await Bun.file(join(root, "package-lock.json")).json()) as {
    packages: Record<string, { version: string; os?: string[] }>;
  };
  const bun = Bun.JSONC.parse(await Bun.file(join(root, "bun.lock")).text()) as {
    packages: Record<string, [id: string, source: string, about: { os?: string }]>;
  };
  const byNpm = Object.entries(npm.packages).flatMap(([path, { version, os }]) =>
    path === "" || os !== undefined ? [] : [`${path.split("node_modules/").at(-1)}@${version}`],
  );
  const byBun = Object.values(bun.packages).flatMap(([id, , { os }]) => (os === undefined ? [id] : []));
  expect([...new Set(byNpm)].sort()).toEqual([...new Set(byBun)].sort());
});
