import type { Hono } from "hono";
import type { RouteBindings } from "../routes.ts";
import type { AdminAccess } from "./admin-access.ts";
import type { ApiParts } from "./api/api.ts";

/** What the admin token opens: loaded when somebody asks for it, and one for all generations. */
export class Admin {
  readonly access: AdminAccess;
  readonly #parts: ApiParts;
  #api: Promise<Hono<RouteBindings>> | undefined;

  constructor(parts: ApiParts) {
    this.access = parts.access;
    this.#parts = parts;
  }

  /** The HTTP interface for backends. */
  loadApi(): Promise<Hono<RouteBindings>> {
    this.#api ??= import("./api/api.ts").then(({ createApiApp }) => createApiApp(this.#parts));
    return this.#api;
  }
}
