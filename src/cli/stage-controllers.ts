import { copyFileSync, mkdirSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { isControllerFile } from "../controllers/paths.ts";
import { listModules, resolveInFolder } from "../controllers/modules.ts";
import { takeSnapshot } from "../controllers/snapshot.ts";
import { isScript, listSpecifiers, wrapScript } from "./script.ts";

/** A controllers folder, laid out to be bundled. */
export type StagedControllers = {
  /** The files to bundle: each becomes a module of its own in the executable. */
  entrypoints: string[];
  plugin: Bun.BunPlugin;
};

export type StageOptions = {
  /** The controllers folder, absolute. */
  folder: string;
  /** Where its modules are copied to. */
  modules: string;
  /** Where all else is copied to: pages, and what controllers read. */
  assets: string;
  /** A file that is left out: an executable that was made before. */
  except: string;
  /** What `modules` is in the executable. */
  embedded: string;
};

const MODULE = /\.(?:[cm]?[jt]s|[jt]sx)$/;
const LEFT_OUT = /\.d\.[cm]?ts$|\.test\.[a-z]+$/;

/**
 * Copies a controllers folder to where it can be bundled, and says how.
 *
 * An ES module of the folder stays a module of its own, so that `import.meta` in it says the same as before and modules
 * that controllers share are shared; a CommonJS one is bundled as `wrapScript` makes it, and so are packages.
 */
export function stageControllers({ folder, modules, assets, except, embedded }: StageOptions): StagedControllers {
  const snapshot = takeSnapshot(folder);
  const files = [...(snapshot?.files.keys() ?? [])].filter((file) => !LEFT_OUT.test(file));
  const sources = files.filter((file) => MODULE.test(file));
  const others = [...files.filter((file) => !MODULE.test(file)), ...(snapshot?.pages.keys() ?? [])];
  for (const file of files) copy(join(folder, file), join(modules, file));
  for (const file of others.filter((each) => join(folder, each) !== except))
    copy(join(folder, file), join(assets, file));
  const scripts = new Set(sources.filter((file) => isScript(join(modules, file))).map((file) => join(modules, file)));
  const find = (path: string, importer: string) => {
    if (scripts.has(importer)) {
      const found = resolveInFolder(path, importer, modules);
      if (found !== undefined) return found;
    }
    return path.startsWith(".") ? resolveBeside(path, importer) : undefined;
  };
  const isOwn = (file: string) => file.startsWith(modules + sep);
  const virtual = new Set(listModules());
  const plugin: Bun.BunPlugin = {
    name: "controllers",
    setup(build) {
      build.onResolve({ filter: /./ }, ({ path, importer }) => {
        if (!isOwn(importer)) return undefined;
        if (virtual.has(path)) return { path, external: true };
        const file = find(path, importer);
        if (file === undefined) return resolvePackage(path, join(folder, relative(modules, importer)));
        if (!isOwn(file) || scripts.has(file) || !MODULE.test(file)) return { path: file };
        return { path: join(embedded, relative(modules, file)).replace(MODULE, ".js"), external: true };
      });
      build.onLoad({ filter: MODULE }, ({ path }) => {
        if (!scripts.has(path)) return undefined;
        return {
          contents: wrapScript(
            path,
            join(embedded, relative(modules, path)),
            join("controllers", relative(modules, path)),
          ),
          loader: "js",
        };
      });
    },
  };
  const reached = listReached(
    sources.filter(isControllerFile).map((file) => join(modules, file)),
    find,
  );
  return {
    entrypoints: [...reached].filter((file) => !scripts.has(file) || isControllerFile(relative(modules, file))),
    plugin,
  };
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

/** Every module of the folder that `entries` lead to, themselves included. */
function listReached(entries: string[], find: (path: string, importer: string) => string | undefined): Set<string> {
  const reached = new Set<string>();
  const reach = (file: string) => {
    if (reached.has(file) || !MODULE.test(file)) return;
    reached.add(file);
    for (const path of listSpecifiers(file)) {
      const found = find(path, file);
      if (found !== undefined) reach(found);
    }
  };
  for (const entry of entries) reach(entry);
  return reached;
}

function resolveBeside(path: string, importer: string): string | undefined {
  try {
    return Bun.resolveSync(path, dirname(importer));
  } catch {
    // The bundler says so, with the place.
    return undefined;
  }
}

/** Where a package lies for the file in the original folder; undefined for what the runtime brings. */
function resolvePackage(path: string, importer: string): { path: string } | undefined {
  if (isBuiltin(path)) return undefined;
  const file = resolveBeside(path, importer);
  return file === undefined ? undefined : { path: file };
}
