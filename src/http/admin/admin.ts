import type { Server } from "bun";
import type { Hono } from "hono";
import type { Facts } from "../../core/facts.ts";
import type { Session } from "../../sessions/session.ts";
import { MetricsReport } from "../metrics/metrics-report.ts";
import type { RouteBindings } from "../routes.ts";
import type { AdminAccess } from "./admin-access.ts";
import type { ApiParts } from "./api/api.ts";
import type { Inspector } from "./inspector/inspector.ts";
import { Streams } from "./inspector/streams.ts";

export type AdminParts = ApiParts & {
  facts: Facts;
  version: string;
  /** `--metrics-from`. */
  metricsFrom: readonly string[];
};

/** What the admin token opens: loaded when somebody asks for it, and one for all generations. */
export class Admin {
  readonly access: AdminAccess;
  readonly #parts: AdminParts;
  readonly #inspector: Inspector | undefined;
  readonly #streams = new Streams();
  readonly #metrics: MetricsReport;
  #api: Promise<Hono<RouteBindings>> | undefined;
  #page: Promise<Hono<RouteBindings> | undefined> | undefined;

  /** @param inspector absent without a token */
  constructor(parts: AdminParts, inspector: Inspector | undefined) {
    this.access = parts.access;
    this.#parts = parts;
    this.#inspector = inspector;
    this.#metrics = new MetricsReport(parts);
  }

  /** Begins to gather what the inspector shows. */
  start(): void {
    this.#inspector?.start();
  }

  /** Ends what the inspector's pages listen to. */
  stop(): void {
    this.#inspector?.stop();
    this.#streams.stop();
  }

  /** The HTTP interface for backends. */
  loadApi(): Promise<Hono<RouteBindings>> {
    this.#api ??= import("./api/api.ts").then(({ createApiApp }) => createApiApp(this.#parts));
    return this.#api;
  }

  /** The inspector's page, and what it asks for; undefined without a token. */
  loadInspector(): Promise<Hono<RouteBindings> | undefined> {
    const inspector = this.#inspector;
    if (inspector === undefined) return Promise.resolve(undefined);
    this.#page ??= import("./inspector/routes.ts").then(({ createInspectorApp }) =>
      createInspectorApp(inspector, this.#streams),
    );
    return this.#page;
  }

  /** Answers a request for the metrics. */
  answerMetrics(request: Request, server: Server<Session>): Response | Promise<Response> {
    return this.#metrics.answer(request, server);
  }
}
