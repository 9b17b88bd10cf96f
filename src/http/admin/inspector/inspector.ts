import type { ControllerInfo } from "../../../controllers/api.ts";
import type { Clock } from "../../../core/clock.ts";
import type { Facts as FactSources } from "../../../core/facts.ts";
import type { LoopLag } from "../../../core/loop-lag.ts";
import type { Metrics } from "../../../core/metrics.ts";
import { Series } from "../../../core/series.ts";
import type { Session } from "../../../sessions/session.ts";
import type { Backend, SessionRow } from "../backend.ts";
import type { Cursor, Facts, FactsPart, FactsQuery, NotedPart } from "./facts.ts";
import { findGroup, type GroupSource, listGroups } from "./list-groups.ts";
import { Notes } from "./notes.ts";
import { toPartQuery, uniteParts } from "./unite-parts.ts";
import { HELD_SECONDS } from "./unite-series.ts";

/** What an event loop is asked for by this name is its part of the facts. */
export const INSPECTOR = "inspector";

const MAX_PATH_LENGTH = 200;

export type InspectorParts = {
  folder: string;
  clock: Clock;
  metrics: Metrics;
  loopLag: LoopLag;
  sessions: { readonly size: number; values(): Iterable<Session> };
  groups: GroupSource;
  controllers: { readonly current: { readonly number: number }; readonly lastFault: string };
  listControllers: () => ControllerInfo[];
  /** Answers for all workers of the process. */
  backend: Pick<Backend, "listSessions" | "findSession" | "readHealth">;
  /** Asks every worker of the process. */
  facts: FactSources;
  reload: Reload;
};

/** Loads the controllers again; resolves to what serves then, and to why that is not what was loaded. */
export type Reload = () => Promise<{ generation: number; lastFault: string }>;

/** What the inspector's page is told: gathered from the start on, so that it is there when somebody looks. */
export class Inspector {
  readonly #parts: InspectorParts;
  readonly #series: Series;
  readonly #notes: Notes;

  constructor(parts: InspectorParts) {
    this.#parts = parts;
    const { clock, metrics, sessions, loopLag, folder, controllers } = parts;
    const read = () => ({
      sessions: sessions.size,
      messagesReceived: metrics.messagesReceived,
      messagesSent: metrics.messagesSent,
      lagMs: loopLag.takeLongestMs(),
      memoryBytes: process.memoryUsage.rss(),
    });
    this.#series = new Series(read, clock);
    this.#notes = new Notes({
      folder,
      generation: () => controllers.current.number,
      lastFault: () => controllers.lastFault,
      now: () => clock.date(),
    });
    parts.facts.provide(INSPECTOR, (query) => this.#readPart(query as FactsQuery));
  }

  /** Begins to sample. */
  start(): void {
    this.#series.start();
  }

  stop(): void {
    this.#series.stop();
    this.#notes.stop();
  }

  /** What the page asks for, of all workers of the process. */
  async read(query: FactsQuery): Promise<Facts> {
    const { backend, facts, clock } = this.#parts;
    const [parts, health, sessions, session] = await Promise.all([
      facts.collect<FactsPart | NotedPart>(INSPECTOR, toPartQuery(query)),
      backend.readHealth(),
      query.sessions && backend.listSessions(query.sessions),
      query.session === undefined ? undefined : backend.findSession(query.session),
    ]);
    return {
      ...uniteParts(parts, query, clock.date()),
      health,
      ...(sessions !== undefined && { sessions: { ...sessions, rows: sessions.rows.map(cutPath) } }),
      ...(query.session !== undefined && { session: session ?? null }),
    };
  }

  reload(): ReturnType<Reload> {
    return this.#parts.reload();
  }

  #readPart(query: FactsQuery): FactsPart {
    const { groups, group, after } = query;
    return {
      ...this.#notes.read(query),
      series: this.#series.readAfter(this.#toSecond(after)),
      controllers: this.#listControllers(),
      ...(groups !== undefined && { groups: listGroups(this.#parts.groups, groups) }),
      ...(group !== undefined && { group: findGroup(this.#parts.groups, group) }),
    };
  }

  /** The second after which samples are wanted; all of them by a page that does not know this event loop. */
  #toSecond({ second, lines }: Cursor): number {
    return this.#notes.source in lines ? second - HELD_SECONDS : 0;
  }

  #listControllers() {
    const counts = new Map<string, number>();
    for (const { route } of this.#parts.sessions.values()) counts.set(route.path, (counts.get(route.path) ?? 0) + 1);
    return this.#parts.listControllers().map((row) => ({ ...row, sessions: counts.get(row.path) ?? 0 }));
  }
}

/** A client may ask for a path of many thousand characters, and open many sessions there. */
function cutPath(row: SessionRow): SessionRow {
  return row.path.length <= MAX_PATH_LENGTH ? row : { ...row, path: `${row.path.slice(0, MAX_PATH_LENGTH)}…` };
}
