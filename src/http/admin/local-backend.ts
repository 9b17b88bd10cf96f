import type { Api } from "../../controllers/api.ts";
import type { Session } from "../../sessions/session.ts";
import type { Backend, GroupQuery, GroupRow, Health, Page, SessionQuery, SessionRow, SessionSort } from "./backend.ts";
import { compareKeys, selectPage } from "./select-page.ts";

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
        ...(user !== undefined && { user: toPlain(user) }),
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
  const byName = (one: GroupRow, other: GroupRow) => compareKeys(one.name, other.name);
  const bySize = (one: GroupRow, other: GroupRow) => one.size - other.size || byName(one, other);
  const sorted = groups.sort(sort.endsWith("size") ? bySize : byName);
  if (sort.startsWith("-")) sorted.reverse();
  return { total: sorted.length, rows: sorted.slice(page.offset, page.offset + page.limit) };
}

/** Lists the sessions that are asked for. */
function listSessions(all: Iterable<Session>, { sort, ...query }: SessionQuery): Page<SessionRow> {
  const { total, rows } = selectPage(findSessions(all, query), {
    ...query,
    keyOf: keys[sort.replace("-", "") as SessionSort],
    isDescending: sort.startsWith("-"),
  });
  return { total, rows: rows.map(toRow) };
}

function* findSessions(
  all: Iterable<Session>,
  { path, group, text }: Omit<SessionQuery, "sort">,
): Generator<Session, undefined> {
  const wanted = text === undefined ? undefined : new RegExp(RegExp.escape(text), "i");
  for (const session of all) {
    const { info, route, address, memberships = [] } = session;
    if (path !== undefined && path !== info.path && path !== route.path) continue;
    if (group !== undefined && !memberships.some(({ name }) => name === group)) continue;
    const isFound =
      wanted === undefined ||
      wanted.test(info.path) ||
      wanted.test(info.id) ||
      wanted.test(address) ||
      (info.user !== undefined && wanted.test(formatUser(info.user)));
    if (isFound) yield session;
  }
}

/** What is looked for in a user. */
function formatUser(user: unknown): string {
  return typeof user === "string" ? user : JSON.stringify(toPlain(user));
}

/** A user as JSON can hold it: what a guard made of a token may be anything. */
function toPlain(user: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(user) ?? "null");
  } catch {
    return "a value that cannot be shown";
  }
}

/** What sessions are sorted by, other than the order in which they were opened. */
const keys: Partial<Record<SessionSort, (session: Session) => string | number>> = {
  path: ({ info }) => info.path,
  address: ({ address }) => address,
  groups: ({ memberships }) => memberships?.length ?? 0,
  received: ({ traffic }) => traffic?.messagesReceived ?? 0,
  sent: ({ traffic, memberships }) => traffic?.readSent(memberships).messages ?? 0,
  sizeReceived: ({ traffic }) => traffic?.sizeReceived ?? 0,
  sizeSent: ({ traffic, memberships }) => traffic?.readSent(memberships).size ?? 0,
  backlog: ({ socket }) => socket?.getBufferedAmount() ?? 0,
};

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
