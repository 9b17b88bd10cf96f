import { type Api, apiNames } from "../controllers/api.ts";
import { type AppInfo, createGlobals } from "../controllers/globals.ts";
import { API_GLOBAL, AUTH_GLOBAL } from "../controllers/modules.ts";
import type { App } from "../app.ts";

export type OutsideOptions = {
  /** The server whose sessions and groups a test means. */
  findApp: () => App | undefined;
  /** Stands for it while none runs: one without sessions. */
  standIn: App;
  /** What `"hubbub/test"` exports. */
  testModule: object;
  /** The folder of controllers, absolute. */
  folder: string;
  /** What is `app` there. */
  app: AppInfo;
};

/**
 * Gives the files of tests, and what they import outside of any server, `"hubbub"`, `"hubbub/auth"` and `"hubbub/test"`,
 * and the globals of controllers.
 *
 * There `getGroupSize` and the others are those of the server that runs; without one nobody is in a group.
 */
export function installOutsideModules({ findApp, standIn, testModule, folder, app }: OutsideOptions): void {
  const call = (name: keyof Api) => {
    const own: unknown = standIn.api[name];
    if (typeof own !== "function") return own;
    return (...values: unknown[]) =>
      Reflect.apply((findApp() ?? standIn).api[name] as () => unknown, undefined, values);
  };
  const api = Object.fromEntries(apiNames.map((name) => [name, call(name)])) as Api;
  const globals = createGlobals(folder, api, standIn.createAuth(), app);
  // The process keeps its console, and has no Java.
  for (const name of [API_GLOBAL, AUTH_GLOBAL, "log", "app", "resolve"])
    Object.assign(globalThis, { [name]: globals[name] });
  Bun.plugin({
    name: "hubbub-test",
    setup(build) {
      build.module("hubbub/test", () => ({ exports: { ...testModule }, loader: "object" }));
    },
  });
}
