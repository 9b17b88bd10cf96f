import { RegExpRouter } from "hono/router/reg-exp-router";
import { SmartRouter } from "hono/router/smart-router";
import { TrieRouter } from "hono/router/trie-router";
import type { Controller } from "../controllers/loader.ts";
import { decodePath, noParams, normalizePath, splitUrl, type Target } from "./request.ts";

/** The controller that a request is for. */
export type ControllerMatch = {
  controller: Controller;
  target: Target;
  /** The path's own parameters, decoded. */
  params: Record<string, string>;
};

const SERVICE_PATH = /\/_\/service\/[^/]+(\/[^/]+)\/?$/;

/** Paths below it are the server's own: no controller is asked. */
const OWN_PREFIX = "/-/";

/** Finds the controllers of one generation by path, with Hono's routers. */
export class ControllerRouter {
  readonly #router = new SmartRouter<Controller>({ routers: [new RegExpRouter(), new TrieRouter()] });
  readonly #patterns = new Set<string>();
  /** Those whose path has no parameters, by path: no other controller can be more specific. */
  readonly #fixed = new Map<string, Controller>();

  /** @param controllers the most specific path first */
  constructor(controllers: Iterable<Controller>) {
    for (const controller of controllers) {
      const pattern = normalizePath(controller.path);
      this.#patterns.add(pattern);
      this.#router.add("ALL", pattern, controller);
      if (/^[\w/-]+$/.test(pattern) && !pattern.startsWith(OWN_PREFIX)) this.#fixed.set(pattern, controller);
    }
  }

  /** The controller for the address `url`; undefined if there is none. */
  match(url: string): ControllerMatch | undefined {
    const target = splitUrl(url);
    const fixed = this.#fixed.get(target.rawPath);
    if (fixed !== undefined) return { controller: fixed, target, params: noParams };
    const path = this.#toRoutedPath(target.rawPath);
    if (path.startsWith(OWN_PREFIX)) return undefined;
    const [matches, stash] = this.#router.match("ALL", path);
    const [first] = matches;
    if (first === undefined) return undefined;
    const [controller, found] = first;
    if (controller.parameters.length === 0) return { controller, target, params: noParams };
    const params: Record<string, string> = {};
    for (const name of controller.parameters) {
      const value = found[name];
      params[name] = decodePath((typeof value === "number" ? stash?.[value] : value) ?? "");
    }
    return { controller, target, params };
  }

  /** Enonic's `<anything>/_/service/<app>/<name>` means the controller `<name>`, or `services/<name>`. */
  #toRoutedPath(rawPath: string): string {
    const service = rawPath.includes("/_/service/") ? SERVICE_PATH.exec(rawPath)?.[1] : undefined;
    const path = normalizePath(service ?? rawPath);
    if (service !== undefined && !this.#patterns.has(path) && this.#patterns.has(`/services${path}`))
      return `/services${path}`;
    return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
  }
}
