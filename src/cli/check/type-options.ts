import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describeError } from "../../core/errors.ts";
import type { Finding } from "./finding.ts";

/** What a `tsconfig.json` may say, as far as it is read here. */
type Tsconfig = {
  extends?: string | string[];
  compilerOptions?: Record<string, unknown>;
  exclude?: string[];
};

/** What a folder's types are checked with. */
export type TypeOptions = {
  /** A `tsconfig.json` that can lie anywhere. */
  config: object & { exclude: readonly string[] };
  /** The user's own, absolute, if there is one. */
  configFile: string | undefined;
  /** What is wrong with that. */
  findings: Finding[];
};

/** How files are read: as the server does, whatever a user's options say. */
const READING = [
  "target",
  "module",
  "moduleResolution",
  "moduleDetection",
  "allowImportingTsExtensions",
  "noEmit",
  "jsx",
  "jsxImportSource",
  "jsxFactory",
  "jsxFragmentFactory",
];

/** What a compiler would write and where, and where it would look: nothing is written, and packages are found without. */
const WRITING = [
  "baseUrl",
  "composite",
  "declaration",
  "declarationDir",
  "declarationMap",
  "emitDeclarationOnly",
  "incremental",
  "outDir",
  "rootDir",
  "rootDirs",
  "tsBuildInfoFile",
];

/** Names of the runtime's own types, which are there in any case. */
const RUNTIME_TYPES = new Set(["bun", "bun-types", "node"]);

/**
 * Makes the options to check the types in `folder` with: those that `hubbub init` gives, and over them those of the
 * `tsconfig.json` in the folder or in the nearest one above.
 *
 * @param kit where the kit's types are
 */
export function createTypeOptions(folder: string, kit: string): TypeOptions {
  const configFile = findConfigFile(folder);
  const findings: Finding[] = [];
  const own = configFile === undefined ? {} : readConfigFile(configFile, findings);
  const root = configFile === undefined ? folder : dirname(configFile);
  const base = join(kit, ".hubbub/tsconfig.json");
  const { compilerOptions: ours = {} } = readConfigFile(base, findings);
  const { types } = own.compilerOptions ?? {};
  const config = {
    extends: [base, ...listExtended(own, root)],
    compilerOptions: {
      ...own.compilerOptions,
      ...Object.fromEntries(WRITING.map((name) => [name, null])),
      ...Object.fromEntries(READING.map((name) => [name, ours[name] ?? null])),
      paths: placePaths(ours["paths"] as Paths, dirname(base)),
      typeRoots: [join(kit, ".hubbub/node_modules"), join(root, "node_modules/@types")],
      types: ["bun-types", ...(Array.isArray(types) ? types : []).filter((name) => !RUNTIME_TYPES.has(String(name)))],
    },
    files: [join(kit, "hubbub.d.ts")],
    include: [join(folder, "**/*"), join(root, "*.d.ts")],
    exclude: [
      ...(own.exclude ?? []).map((pattern) => resolve(root, pattern)),
      ...[folder, root].flatMap((each) =>
        ["node_modules", "public", "hubbub.d.ts"].map((name) => join(each, "**", name)),
      ),
    ],
  };
  return { config, configFile, findings };
}

function findConfigFile(folder: string): string | undefined {
  const file = join(folder, "tsconfig.json");
  if (existsSync(file)) return file;
  return dirname(folder) === folder ? undefined : findConfigFile(dirname(folder));
}

function readConfigFile(file: string, findings: Finding[]): Tsconfig {
  try {
    return Bun.JSONC.parse(readFileSync(file, "utf8")) as Tsconfig;
  } catch (error) {
    findings.push({ code: "TSCONFIG", message: `Cannot read it: ${describeError(error)}`, file });
    return {};
  }
}

/** What a user's options extend, absolute, but for the copy of the kit's that `hubbub init` has made. */
function listExtended({ extends: names = [] }: Tsconfig, root: string): string[] {
  return [names]
    .flat()
    .filter((name) => !name.endsWith(".hubbub/tsconfig.json"))
    .map((name) => (/^\.{0,2}\//.test(name) ? resolve(root, name) : findInPackages(name, root)));
}

function findInPackages(name: string, root: string): string {
  for (const path of [name, `${name}.json`, `${name}/tsconfig.json`]) {
    try {
      return Bun.resolveSync(path, root);
    } catch {
      // Another one, then; what is none of them is named by the checker.
    }
  }
  return name;
}

type Paths = Record<string, string[]>;

function placePaths(paths: Paths, root: string): Paths {
  return Object.fromEntries(
    Object.entries(paths).map(([name, files]) => [name, files.map((file) => resolve(root, file))]),
  );
}
