import { type Api, apiNames } from "../controllers/api.ts";
import { API_GLOBAL, AUTH_GLOBAL } from "../controllers/modules.ts";
import type { App } from "../app.ts";

export type OutsideOptions = {
  /** The server whose sessions and groups a test means. */
  findApp: () => App | undefined;
  /** Stands for it while none runs: one without sessions. */
  standIn: App;
  /** What `"hubbub/test"` exports. */
  testModule: object;
};

/**
 * Gives the files of tests, and what they import outside of any server, `"hubbub"`, `"hubbub/auth"` and `"hubbub/test"`.
 *
 * There `getGroupSize` and the others are those of the server that runs; without one nobody is in a group.
 */
export function installOutsideModules({ findApp, standIn, testModule }: OutsideOptions): void {
  const call = (name: keyof Api) => {
    const own: unknown = standIn.api[name];
    if (typeof own !== "function") return own;
    return (...values: unknown[]) =>
      Reflect.apply((findApp() ?? standIn).api[name] as () => unknown, undefined, values);
  };
  Object.assign(globalThis, {
    [API_GLOBAL]: Object.fromEntries(apiNames.map((name) => [name, call(name)])),
    [AUTH_GLOBAL]: standIn.createAuth(),
  });
  Bun.plugin({
    name: "hubbub-test",
    setup(build) {
      build.module("hubbub/test", () => ({ exports: { ...testModule }, loader: "object" }));
    },
  });
}
