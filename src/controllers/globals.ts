import { Fault } from "../core/errors.ts";
import { controllerLog } from "../core/log.ts";
import type { Api } from "./api.ts";
import { createConsole } from "./console.ts";
import { locate } from "./location.ts";
import type { AuthApi } from "./auth/auth.ts";
import { API_GLOBAL, AUTH_GLOBAL, resolveInFolder } from "./modules.ts";
import { join } from "node:path";

/** What a controller reads as `app`. */
export type AppInfo = { name: string; version: string; config: Readonly<Record<string, unknown>> };

/** The free identifiers of a controllers folder's modules: what is behind `"hubbub"` and `"hubbub/auth"`, and Enonic's. */
export function createGlobals(folder: string, api: Api, auth: AuthApi, app: AppInfo): Record<string, unknown> {
  return {
    [API_GLOBAL]: api,
    [AUTH_GLOBAL]: auth,
    log: api.log,
    app,
    resolve: createResolve(folder),
    __: javaBridge,
    console: createConsole(controllerLog),
  };
}

/** `resolve(path)`: the file that `path` means to the file that asks, as a path within the controllers folder. */
function createResolve(folder: string): (path: string) => string {
  return (path) => {
    const caller = locate(new Error("resolve"), folder);
    const from = join(folder, caller?.file ?? "index.js");
    const file = resolveInFolder(String(path), from, folder);
    if (file === undefined) {
      throw new Fault(
        "RESOLVE",
        `Cannot resolve "${path}" from "${caller?.file ?? folder}": there is no such file in the controllers folder`,
      );
    }
    return file.slice(folder.length);
  };
}

const javaBridge: object = new Proxy(
  {},
  {
    get(_target, name) {
      throw new Fault(
        "JAVA_BRIDGE",
        `Cannot use "__.${String(name)}": there is no Java here, expected an import such as "hubbub" or a package`,
      );
    },
  },
);
