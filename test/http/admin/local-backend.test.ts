import { expect, test } from "bun:test";
import { createLocalBackend } from "../../../src/http/admin/local-backend.ts";
import { createBareSession } from "../../support/bare-session.ts";

const cycle: Record<string, unknown> = {};
cycle["self"] = cycle;

const backendOf = (user: unknown) => {
  const session = createBareSession({ info: { id: "1", path: "/chat", params: {}, user } });
  return createLocalBackend({
    api: { send: () => false, sendToGroup: () => {}, close: () => false, getGroupSize: () => 0, getGroups: () => [] },
    sessions: { values: () => [session], get: () => session },
    groupNames: () => [],
    readHealth: () => {
      throw new Error("Nobody asks");
    },
  });
};

test.each([
  ["ada", "ada"],
  [
    { sub: "ada", roles: ["admin"] },
    { sub: "ada", roles: ["admin"] },
  ],
  [{ name: "Ada", greet() {} }, { name: "Ada" }],
  [cycle, "a value that cannot be shown"],
  [{ id: 7n }, "a value that cannot be shown"],
])("findSession() tells of the user %p as JSON can hold it", async (user, told) => {
  expect(await backendOf(user).findSession("1")).toMatchObject({ user: told });
});

test.each([
  ["ADA", "ada", 1],
  ["admin", { sub: "ada", roles: ["admin"] }, 1],
  ["bob", { sub: "ada" }, 0],
  ["ada", cycle, 0],
])("listSessions() looks for %p in the user %p", async (text, user, total) => {
  const query = { text, path: undefined, group: undefined, sort: "opened", offset: 0, limit: 10 } as const;
  expect((await backendOf(user).listSessions(query)).total).toBe(total);
});
