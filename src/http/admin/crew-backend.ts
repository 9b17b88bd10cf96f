import type { Facts } from "../../core/facts.ts";
import type { Backend, Health, Page, SessionDetails, SessionQuery, SessionRow, SessionSort } from "./backend.ts";

/** What rows of sessions are sorted by. */
const keys: Record<SessionSort, keyof SessionRow> = {
  opened: "openedAt",
  path: "path",
  address: "address",
  groups: "groupCount",
  received: "messagesReceived",
  sent: "messagesSent",
  sizeReceived: "sizeReceived",
  sizeSent: "sizeSent",
  backlog: "backlogBytes",
};

/** The sessions of all workers of this process, from what the backend of each says; the groups are those of all nodes as it is. */
export function createCrewBackend(local: Backend, facts: Facts): Backend {
  facts.provide("sessions", (query) => local.listSessions(query as SessionQuery));
  facts.provide("session", (id) => local.findSession(id as string));
  facts.provide("health", () => local.readHealth());
  return {
    ...local,
    async listSessions({ offset, limit, ...query }) {
      const pages = await facts.collect<Page<SessionRow>>("sessions", { ...query, offset: 0, limit: offset + limit });
      const rows = mergeRows(pages, query.sort).slice(offset, offset + limit);
      return { total: sum(pages.map(({ total }) => total)), rows };
    },
    async findSession(id) {
      const own = await local.findSession(id);
      if (own !== undefined) return own;
      const [found] = await facts.collect<SessionDetails>("session", id);
      return found;
    },
    async readHealth() {
      const all = await facts.collect<Health>("health");
      const { total } = await local.listGroups({ prefix: "", sort: "name", offset: 0, limit: 0 });
      return {
        ...(await local.readHealth()),
        sessions: sum(all.map(({ sessions }) => sessions)),
        groups: total,
        eventLoopLagSeconds: Math.max(...all.map(({ eventLoopLagSeconds }) => eventLoopLagSeconds)),
      };
    },
  };
}

/** The rows of all pages, sorted as each page is. */
function mergeRows(pages: readonly Page<SessionRow>[], sort: SessionQuery["sort"]): SessionRow[] {
  const key = keys[sort.replace("-", "") as SessionSort];
  const direction = sort.startsWith("-") ? -1 : 1;
  return pages
    .flatMap(({ rows }) => rows)
    .sort((one, other) => (one[key] < other[key] ? -direction : one[key] > other[key] ? direction : 0));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, each) => all + each, 0);
}
