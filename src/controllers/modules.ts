import { statSync } from "node:fs";
import Module from "node:module";
import { dirname, resolve, sep } from "node:path";
import * as hono from "hono";
import * as honoBasicAuth from "hono/basic-auth";
import * as honoBearerAuth from "hono/bearer-auth";
import * as honoCookie from "hono/cookie";
import * as honoCors from "hono/cors";
import * as honoFactory from "hono/factory";
import * as honoHtml from "hono/html";
import * as honoException from "hono/http-exception";
import * as honoJsx from "hono/jsx";
import * as honoJsxDevRuntime from "hono/jsx/jsx-dev-runtime";
import * as honoJsxRuntime from "hono/jsx/jsx-runtime";
import * as honoJwt from "hono/jwt";
import * as honoStreaming from "hono/streaming";
import * as honoValidator from "hono/validator";
import * as valibot from "valibot";
import { authNames } from "./auth/auth.ts";

/** Libraries that controllers import without any `node_modules`. */
const libraries: Record<string, object> = {
  valibot,
  hono,
  "hono/basic-auth": honoBasicAuth,
  "hono/bearer-auth": honoBearerAuth,
  "hono/cookie": honoCookie,
  "hono/cors": honoCors,
  "hono/factory": honoFactory,
  "hono/html": honoHtml,
  "hono/http-exception": honoException,
  "hono/jsx": honoJsx,
  "hono/jsx/jsx-dev-runtime": honoJsxDevRuntime,
  "hono/jsx/jsx-runtime": honoJsxRuntime,
  "hono/jwt": honoJwt,
  "hono/streaming": honoStreaming,
  "hono/validator": honoValidator,
};

/** The two names of what `createApi` makes: ours, and the one of Enonic's library. */
const apiModules = ["hubbub", "/lib/xp/websocket"];

/** What a token says, verified: `auth/auth.ts`. */
const AUTH_MODULE = "hubbub/auth";

/** The free identifiers in a graph's modules that hold its api and its `hubbub/auth`. */
export const API_GLOBAL = "__hubbub";
export const AUTH_GLOBAL = "__hubbubAuth";

const extensions = ["", ".js", ".ts", ".cjs", ".mjs", ".tsx", ".json", "/index.js", "/index.ts"];

const roots = new Set<string>();

let isInstalled = false;

/**
 * Makes `hubbub`, `hubbub/auth`, `/lib/xp/websocket`, `valibot` and `hono` importable, and `require` understand Enonic's paths, for
 * all files below `root`.
 *
 * @param apiNames what the api exports; each graph has its own values for them
 */
export function installModules(root: string, apiNames: readonly string[]): void {
  roots.add(root);
  if (isInstalled) return;
  isInstalled = true;
  Bun.plugin({
    name: "hubbub",
    setup(build) {
      const api = formatModule(API_GLOBAL, apiNames);
      for (const name of apiModules) build.module(name, () => ({ contents: api, loader: "js" }));
      build.module(AUTH_MODULE, () => ({ contents: formatModule(AUTH_GLOBAL, authNames), loader: "js" }));
      for (const [name, exports] of Object.entries(libraries)) {
        build.module(name, () => ({ exports: { default: exports, ...exports }, loader: "object" }));
      }
    },
  });
  installRequire();
}

/** Every name that a controller can import without a file. */
export function listModules(): string[] {
  return [...apiModules, AUTH_MODULE, ...Object.keys(libraries)];
}

/** A module that exports what a graph holds in a free identifier. */
function formatModule(global: string, names: readonly string[]): string {
  return `export const { ${names.join(", ")} } = ${global};\nexport default ${global};\n`;
}

type ResolveFilename = (request: string, parent: { filename?: string } | undefined, ...rest: unknown[]) => string;

/** `require("/lib/x")` looks in the controllers folder, `require("x")` beside the file, and then where Node looks. */
function installRequire(): void {
  const loader = Module as unknown as { _resolveFilename: ResolveFilename };
  const resolveFilename = loader._resolveFilename;
  loader._resolveFilename = function resolveControllerFilename(request, parent, ...rest) {
    const root = parent?.filename === undefined ? undefined : findRoot(parent.filename);
    const found = root === undefined ? undefined : resolveInFolder(request, parent?.filename ?? "", root);
    return found ?? resolveFilename.call(this, request, parent, ...rest);
  };
}

function findRoot(file: string): string | undefined {
  for (const root of roots) if (file.startsWith(root + sep)) return root;
  return undefined;
}

/** The file below `root` that `request` in `from` means by Enonic's rules; undefined if there is none. */
export function resolveInFolder(request: string, from: string, root: string): string | undefined {
  if (request.startsWith("node:") || request.startsWith("bun:")) return undefined;
  const base = request.startsWith("/") ? resolve(root, `.${request}`) : resolve(dirname(from), request);
  if (base !== root && !base.startsWith(root + sep)) return undefined;
  for (const extension of extensions) {
    const file = base + extension;
    if (isFile(file)) return file;
  }
  return undefined;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
