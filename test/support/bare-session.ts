import { Session, type SessionOptions, type SessionRoute } from "../../src/sessions/session.ts";

/** A session with nothing around it, for the tests of one part. */
export function createBareSession(options: Partial<SessionOptions> = {}, route: Partial<SessionRoute> = {}): Session {
  const inboxLimits = { maxEvents: 64, maxSize: 1024, filled: () => {} };
  return new Session({
    info: { id: "1", path: "/chat", params: {} },
    route: { path: "/chat", run: () => true, inboxLimits, ...route },
    data: {},
    timeoutSeconds: 0,
    address: "127.0.0.1",
    publisher: { publish() {} },
    ...options,
  });
}
