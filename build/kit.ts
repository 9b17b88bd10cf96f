import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { KitPart } from "../src/cli/kit.ts";
import { templates } from "../src/cli/templates.ts";
import { listModules } from "../src/controllers/modules.ts";
import { bundleDeclarations } from "./declarations.ts";

const root = join(import.meta.dir, "..");

/** The modules of the server's that controllers and their tests import, each with what it is to their types. */
const ownModules: Record<string, string> = {
  hubbub: "src/controllers/hubbub.d.ts",
  "hubbub/auth": "src/controllers/hubbub-auth.d.ts",
  "hubbub/test": "src/testing/hubbub-test.d.ts",
};

/** What controllers have without an import. */
const ownGlobals = "src/controllers/hubbub-globals.d.ts";

/** The packages that controllers import without installing them. */
const libraries = ["hono", "valibot"];

type Manifest = { dependencies?: Record<string, string>; exports?: Record<string, Exports> };
type Exports = { types?: string; import?: { types?: string } };

/** What the parts of a kit hold, by their path in it. */
const packers: Record<KitPart, () => Record<string, string>> = {
  types: packTypes,
  server: packServer,
  templates: packTemplates,
};

/**
 * Packs a part of what the executable carries to be a toolchain, as a compressed archive; `src/cli/kit.ts` unpacks it.
 *
 * - `types`: what `"hubbub"`, the libraries that it brings and the runtime are to a type checker.
 * - `server`: the server's sources and the packages that it is made of, as they lie in the repository.
 * - `templates`: what `hubbub init` begins a folder with, below the name of each.
 */
export function packKit(part: KitPart): Promise<Uint8Array<ArrayBuffer>> {
  packed[part] ??= pack(packers[part]());
  return packed[part];
}

/** What was packed in this process: the repository stays as it is meanwhile. */
const packed: Partial<Record<KitPart, Promise<Uint8Array<ArrayBuffer>>>> = {};

async function pack(files: Record<string, string>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await Bun.zstdCompress(await new Bun.Archive(files).bytes(), { level: 12 }));
}

function packTypes(): Record<string, string> {
  const own = Object.fromEntries(Object.entries(ownModules).map(([name, file]) => [name, join(root, file)]));
  const packages = listPackages(["bun-types", ...libraries]);
  return {
    "hubbub.d.ts": `${bundleDeclarations(own)}\n${readFileSync(join(root, ownGlobals), "utf8")}`,
    ".hubbub/websocket.d.ts": 'export * from "hubbub";\n',
    ".hubbub/tsconfig.json": `${JSON.stringify(createTsconfig(), null, 2)}\n`,
    ...moveBelow(".hubbub", readPackages(packages, ["**/*.d.ts", "**/*.d.mts", "**/package.json"])),
  };
}

const TSCONFIG = '{ "extends": "./.hubbub/tsconfig.json" }\n';

/** How a folder of controllers is checked: its own `tsconfig.json` extends this. */
function createTsconfig() {
  const paths = libraries.flatMap((name) =>
    Object.entries(readManifest(name).exports ?? {})
      .map(([path, { types, import: esm }]) => [join(name, path), types ?? esm?.types] as const)
      .filter(([module]) => listModules().includes(module))
      .map(([module, file = ""]) => [module, [`./${join("node_modules", name, file)}`]]),
  );
  return {
    compilerOptions: {
      target: "ESNext",
      lib: ["ESNext"],
      module: "Preserve",
      moduleResolution: "bundler",
      moduleDetection: "force",
      allowImportingTsExtensions: true,
      allowJs: true,
      verbatimModuleSyntax: true,
      noEmit: true,
      strict: true,
      skipLibCheck: true,
      jsx: "react-jsx",
      typeRoots: ["./node_modules", "../node_modules/@types"],
      types: ["bun-types"],
      // An absolute name cannot be declared as a module.
      paths: { ...Object.fromEntries(paths), "/lib/xp/websocket": ["./websocket.d.ts"] },
    },
    files: ["../hubbub.d.ts"],
    include: ["../**/*"],
    exclude: ["../**/node_modules", "../**/public"],
  };
}

function moveBelow(folder: string, files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([file, text]) => [join(folder, file), text]));
}

function packServer(): Record<string, string> {
  const { dependencies = {} } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
  return {
    ...readFiles(root, ["src/**/*", "package.json"]),
    ...readPackages(
      listPackages(Object.keys(dependencies)),
      ["**/*.js", "**/*.mjs", "**/*.css", "**/package.json"],
      /(?:^|\/)cjs\/|\.(?:cjs|iife|iife\.min)\.js$/,
    ),
  };
}

/** Each template with what all of them have; its page is the beginning of theirs. */
function packTemplates(): Record<string, string> {
  const { "README.md": readme = "", ...all } = readFiles(join(root, "templates/all"), ["**/*"]);
  const files: Record<string, string> = {};
  for (const name of templates) {
    const own = readFiles(join(root, "templates", name), ["**/*"]);
    const made = { ...all, ...own, "README.md": `${own["README.md"]}\n${readme}`, "tsconfig.json": TSCONFIG };
    Object.assign(files, moveBelow(name, made));
  }
  return files;
}

/** `names` and every package that they depend on. */
function listPackages(names: string[], found = new Set<string>()): Set<string> {
  for (const name of names) {
    if (found.has(name)) continue;
    found.add(name);
    listPackages(Object.keys(readManifest(name).dependencies ?? {}), found);
  }
  return found;
}

function readManifest(name: string): Manifest {
  return JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")) as Manifest;
}

function readPackages(names: Set<string>, patterns: string[], except?: RegExp): Record<string, string> {
  const folders = [...names].map((name) => join("node_modules", name));
  return Object.assign(
    {},
    ...folders.map((folder) => moveBelow(folder, readFiles(join(root, folder), patterns, except))),
  ) as Record<string, string>;
}

/** The files in `folder` that match, by their path in it. */
function readFiles(folder: string, patterns: string[], except?: RegExp): Record<string, string> {
  const files: Record<string, string> = {};
  for (const pattern of patterns) {
    for (const file of new Bun.Glob(pattern).scanSync({ cwd: folder, dot: true })) {
      if (except?.test(file) !== true) files[file] = readFileSync(join(folder, file), "utf8");
    }
  }
  return files;
}
