import { type Api, apiNames } from "../controllers/api.ts";
import type { AuthApi } from "../controllers/auth/auth.ts";
import { type AppInfo, createGlobals } from "../controllers/globals.ts";
import { API_GLOBAL, installModules } from "../controllers/modules.ts";
import { Fault } from "../core/errors.ts";

export type ScriptParts = {
  /** The controllers folder, absolute. */
  folder: string;
  /** That of a server that does not run. */
  api: Api;
  auth: AuthApi;
  app: AppInfo;
};

/** What works in a script as in a controller; all else is about the sessions of a server. */
const usable: readonly (keyof Api)[] = ["kept", "log", "defineController"];

/**
 * Gives a script what controllers import, and their globals.
 *
 * It has no server, and so no sessions and no groups: what is about those throws `NO_SERVER`.
 */
export function installScriptModules({ folder, api, auth, app }: ScriptParts): void {
  installModules(folder, apiNames);
  const { console: _ofServer, ...globals } = createGlobals(folder, api, auth, app);
  const own = apiNames.map((name) => [name, usable.includes(name) ? api[name] : refuse(name)] as const);
  Object.assign(globalThis, { ...globals, [API_GLOBAL]: Object.fromEntries(own) });
  const refused = refuseAt(
    'Cannot start a server: "hubbub/test" works in tests alone, expected a file such as chat.test.ts, and `hubbub test`',
  );
  Bun.plugin({
    name: "hubbub-test",
    setup(build) {
      build.module("hubbub/test", () => ({ exports: { serve: refused, open: refused }, loader: "object" }));
    },
  });
}

/** A function that says of its name that it cannot be called, at the place of the call. */
function refuse(name: string): () => never {
  const text = `Cannot call "${name}": this script is no server and has no sessions`;
  return refuseAt(`${text}, expected it in a controller or in a test, or \`hubbub publish\``);
}

/** @throws {Fault} `NO_SERVER` from the function that it returns */
function refuseAt(message: string): () => never {
  return function refused() {
    const fault = new Fault("NO_SERVER", message);
    Error.captureStackTrace(fault, refused);
    throw fault;
  };
}
