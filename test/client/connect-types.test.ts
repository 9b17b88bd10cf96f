import { expect, expectTypeOf, test } from "bun:test";
import { connect as realConnect } from "../../src/client/client.ts";
import type { Bytes, Connect, connect as declaredConnect, Session } from "../../src/client/connect.d.ts";

// What is expected of types here is checked by the type checker; nothing is connected.
type Said = { from: string; text: string };
type Paths = {
  "/chat": { takes: { text: string }; sends: Said };
  "/room/:id": { takes: number; sends: string };
  "/room/lobby": { takes: "ping"; sends: "pong" };
  "/:team/room/:id": { takes: boolean; sends: null };
};

const unused = (() => undefined) as unknown as typeof realConnect;
const open: Connect<Paths> = unused as Connect<Paths>;

test("client.ts exports what connect.d.ts declares", () => {
  expectTypeOf<typeof realConnect>().toEqualTypeOf<typeof declaredConnect>();
  expect(realConnect).toBeFunction();
});

test("Connect gives each path the types of its messages", () => {
  expectTypeOf(open("/chat")).toEqualTypeOf<Session<Paths["/chat"]>>();
  expectTypeOf(open("/chat?name=Ada")).toEqualTypeOf<Session<Paths["/chat"]>>();
  expectTypeOf(open("/room/7")).toEqualTypeOf<Session<Paths["/room/:id"]>>();
  expectTypeOf(open("/room/lobby")).toEqualTypeOf<Session<Paths["/room/lobby"]>>();
  expectTypeOf(open("/red/room/7")).toEqualTypeOf<Session<Paths["/:team/room/:id"]>>();
  expectTypeOf(open(() => "/chat")).toEqualTypeOf<Session<Paths["/chat"]>>();
  expectTypeOf(open(() => `/room/${Math.random()}` as const)).toEqualTypeOf<Session<Paths["/room/:id"]>>();
  // @ts-expect-error -- no such path
  open("/chatt");
  // @ts-expect-error -- no such path
  open(() => "/chatt");
  // @ts-expect-error -- an address that is not known before the program runs is not checked: connect<M>() is for that
  open(String(Math.random()));
});

test("a session takes and sends what its messages say", () => {
  type Chat = Session<Paths["/chat"]>;
  expectTypeOf<Parameters<Chat["send"]>>().toEqualTypeOf<[message: { text: string } | Bytes]>();
  const listen = (chat: Chat) =>
    chat.addEventListener("message", ({ data }) => expectTypeOf(data).toEqualTypeOf<Said>());
  expectTypeOf(unused<Paths["/chat"]>("/chat")).toEqualTypeOf<Chat>();
  expectTypeOf(unused("/chat")).toEqualTypeOf<Session>();
  expect(listen).toBeFunction();
});
