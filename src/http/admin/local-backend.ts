import type { Api } from "../../controllers/api.ts";
import type { Session } from "../../sessions/session.ts";
import type {
  Backend,
  GroupQuery,
  GroupRow,
  Health,
  Page,
  PageQuery,
  SessionQuery,
  SessionRow,
  SessionSort,
} from "./backend.ts";

export type LocalBackendParts = {
  api: Pick<Api, "send" | "sendToGroup" | "close" | "getGroupSize" | "getGroups">;
  /** Those that are open, in the order in which they were opened. */
  sessions: { values(): Iterable<Session>; get(id: string): Session | undefined };
  /** The names of all groups, some of them more than once. */
  groupNames: () => Iterable<string>;
  readHealth: () => Health;
};

/** The sessions of this process, and the groups of all nodes. */
export function createLocalBackend({ api, sessions, groupNames, readHealth }: LocalBackendParts): Backend {
  return {
    publish(group, message, except) {
      api.sendToGroup(group, message, except === undefined ? {} : { except });
      return api.getGroupSize(group);
    },
    send: (id, message) => api.send(id, message),
    close: (id, code, reason) => api.close(id, code, reason),
    listGroups: (query) => listGroups(groupNames(), api.getGroupSize, query),
    listSessions: (query) => listSessions(sessions.values(), query),
    findSession(id) {
      const session = sessions.get(id);
      if (session === undefined) return undefined;
      const { user } = session.info;
      return {
        ...toRow(session),
        groups: api.getGroups(id),
        timeoutSeconds: session.timeoutMs / 1000,
        ...(user !== undefined && { user }),
      };
    },
    readHealth,
  };
}

function listGroups(
  names: Iterable<string>,
  sizeOf: (name: string) => number,
  { prefix, sort, ...page }: GroupQuery,
): Page<GroupRow> {
  const groups = [...new Set(names)]
    .filter((name) => name.startsWith(prefix))
    .map((name) => ({ name, size: sizeOf(name) }));
  const byName = (one: GroupRow, other: GroupRow) => compare(one.name, other.name);
  const bySize = (one: GroupRow, other: GroupRow) => one.size - other.size || byName(one, other);
  return toPage(groups.sort(sort.endsWith("size") ? bySize : byName), sort, page, (row) => row);
}

function listSessions(all: Iterable<Session>, { path, group, sort, ...page }: SessionQuery): Page<SessionRow> {
  const sessions = [...all].filter(
    ({ info, route, memberships = [] }) =>
      (path === undefined || path === info.path || path === route.path) &&
      (group === undefined || memberships.some(({ name }) => name === group)),
  );
  const key = keys[sort.replace("-", "") as SessionSort];
  if (key === undefined) return toPage(sessions, sort, page, toRow);
  const keyed = sessions.map((session) => ({ session, key: key(session) }));
  keyed.sort((one, other) => compare(one.key, other.key));
  return toPage(keyed, sort, page, ({ session }) => toRow(session));
}

/** What sessions are sorted by, other than the order in which they were opened. */
const keys: Partial<Record<SessionSort, (session: Session) => string | number>> = {
  path: ({ info }) => info.path,
  address: ({ address }) => address,
  received: ({ traffic }) => traffic?.messagesReceived ?? 0,
  sent: ({ traffic, memberships }) => traffic?.readSent(memberships).messages ?? 0,
  backlog: ({ socket }) => socket?.getBufferedAmount() ?? 0,
};

/** The part of `sorted` that is wanted; from its end if `sort` begins with `-`. */
function toPage<Item, Row>(
  sorted: Item[],
  sort: string,
  { offset, limit }: PageQuery,
  toRow: (item: Item) => Row,
): Page<Row> {
  if (sort.startsWith("-")) sorted.reverse();
  return { total: sorted.length, rows: sorted.slice(offset, offset + limit).map(toRow) };
}

function toRow({ info, route, address, memberships, socket, traffic }: Session): SessionRow {
  const sent = traffic?.readSent(memberships);
  return {
    id: info.id,
    path: info.path,
    controller: route.path,
    address,
    openedAt: new Date(traffic?.openedAt ?? 0).toISOString(),
    groupCount: memberships?.length ?? 0,
    messagesReceived: traffic?.messagesReceived ?? 0,
    messagesSent: sent?.messages ?? 0,
    sizeReceived: traffic?.sizeReceived ?? 0,
    sizeSent: sent?.size ?? 0,
    backlogBytes: socket?.getBufferedAmount() ?? 0,
  };
}

/** Texts as their code units stand, which is the same in every language. */
function compare<T extends string | number>(one: T, other: T): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
