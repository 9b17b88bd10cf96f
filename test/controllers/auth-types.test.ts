import { expect, expectTypeOf, test } from "bun:test";
import type { Auth, Claims, UserOf, UserRequest } from "hubbub/auth";
import type { ControllerRequest, MessageEvent, SessionEvent } from "hubbub";
import * as v from "valibot";
import { createAuth } from "../../src/controllers/auth/auth.ts";
import { defineController } from "../../src/controllers/controller.ts";
import { Metrics } from "../../src/core/metrics.ts";
import { Expiries } from "../../src/sessions/expiries.ts";
import { Registry } from "../../src/sessions/registry.ts";

// What is expected of types here is checked by the type checker.
const api = createAuth({
  registry: new Registry(),
  expiries: new Expiries(() => {}),
  metrics: new Metrics(),
  remotes: new Map(),
});

type Person = { sub: string; roles: string[] };

const secret = "a".repeat(32);
const auth = api.jwt({ secret, schema: v.object({ sub: v.string(), roles: v.array(v.string()) }) });
const plain = api.jwt({ secret });

test("jwt() gives the user the type of what the schema makes, or of claims", () => {
  expectTypeOf(auth).toEqualTypeOf<Auth<Person>>();
  expectTypeOf<UserOf<typeof auth>>().toEqualTypeOf<Person>();
  expectTypeOf<UserOf<typeof plain>>().toEqualTypeOf<Claims>();
  auth((request) => {
    expectTypeOf(request).toEqualTypeOf<UserRequest<Person>>();
    return {};
  });
  auth.optional(({ user }) => {
    expectTypeOf(user).toEqualTypeOf<Person | undefined>();
    return {};
  });
});

test("a guarded method is one that a controller can export", () => {
  const get = auth(() => ({ webSocket: {} }));
  expectTypeOf(get).parameters.toEqualTypeOf<[ControllerRequest]>();
  expect(get).toBeFunction();
});

test("defineController() takes the user's type from the guard, and the data's from the method", () => {
  const guarded = defineController({
    get: auth(({ user }) => ({ webSocket: { data: { isAdmin: user.roles.includes("admin") } } })),
    message: ({ session, data }) => {
      expectTypeOf(session.user).toEqualTypeOf<Person>();
      expectTypeOf(data).toEqualTypeOf<{ isAdmin: boolean }>();
    },
  });
  const open = defineController({
    get: () => ({ webSocket: { data: { count: 0 } } }),
    message: ({ session, data }) => {
      expectTypeOf(session.user).toEqualTypeOf<unknown>();
      expectTypeOf(data).toEqualTypeOf<{ count: number }>();
    },
  });
  expect([guarded.get, open.get].map((get) => typeof get)).toEqual(["function", "function"]);
});

test("an event has the user of the type that it is given", () => {
  expectTypeOf<SessionEvent<unknown, Person>["session"]["user"]>().toEqualTypeOf<Person>();
  expectTypeOf<MessageEvent["session"]["user"]>().toEqualTypeOf<unknown>();
});
