import { expect, expectTypeOf, test } from "bun:test";
import { type } from "arktype";
import type { Message, Params, Sender, send as Send, sendToGroup as SendToGroup, SessionEvent } from "hubbub";
import * as v from "valibot";
import { z } from "zod";
import { defineController } from "../../src/controllers/controller.ts";

// What is expected of types here is checked by the type checker.

type Said = { text: string; at: Date };

const valibotSaid = v.object({
  text: v.string(),
  at: v.pipe(
    v.string(),
    v.transform((text) => new Date(text)),
  ),
});
const zodSaid = z.object({ text: z.string(), at: z.string().transform((text) => new Date(text)) });
const arkSaid = type({ text: "string", at: "string.date.parse" });

test("onMessage() gets what a schema of any library makes of a message", () => {
  const controllers = [
    defineController({
      message: valibotSaid,
      onMessage: ({ message }) => expectTypeOf(message).toEqualTypeOf<Said>(),
    }),
    defineController({
      message: zodSaid,
      onMessage: ({ message }) => expectTypeOf(message).toEqualTypeOf<Said>(),
    }),
    defineController({
      message: arkSaid,
      onMessage: ({ message }) => expectTypeOf(message).toEqualTypeOf<Said>(),
    }),
    defineController({
      message: v.pipeAsync(
        v.string(),
        v.transformAsync(async (text) => text.length),
      ),
      onMessage: ({ message }) => expectTypeOf(message).toEqualTypeOf<number>(),
    }),
  ];
  expect(controllers.map(({ onMessage }) => typeof onMessage)).toEqual(Array(4).fill("function"));
});

test("webSocketEvent() gets the typed message too", () => {
  const controller = defineController({
    message: valibotSaid,
    webSocketEvent(event) {
      expectTypeOf(event).toEqualTypeOf<SessionEvent<Record<string, unknown>, unknown, Said>>();
      if (event.type === "message") expectTypeOf(event.message).toEqualTypeOf<Said>();
    },
  });
  expect(controller.message).toBe(valibotSaid);
});

test("a schema leaves the types of data and of a plain message as they are", () => {
  const both = defineController({
    get: ({ params }) => ({ webSocket: { data: { name: String(params["name"]), count: 0 } } }),
    message: zodSaid,
    sends: z.object({ name: z.string() }),
    open({ data }, sender) {
      expectTypeOf(data).toEqualTypeOf<{ name: string; count: number }>();
      expectTypeOf(sender).toEqualTypeOf<Sender<{ name: string }>>();
    },
    onMessage: ({ data, message }) => {
      expectTypeOf(data).toEqualTypeOf<{ name: string; count: number }>();
      expectTypeOf(message).toEqualTypeOf<Said>();
    },
  });
  const plain = defineController({
    get: () => ({ webSocket: { data: { count: 0 } } }),
    message: ({ data, message }) => {
      expectTypeOf(data).toEqualTypeOf<{ count: number }>();
      expectTypeOf(message).toEqualTypeOf<Message>();
    },
  });
  expect([typeof both.get, typeof plain.get]).toEqual(["function", "function"]);
});

test("a sender takes what the schema takes, not what it makes of that", () => {
  const Tick = v.object({
    at: v.pipe(
      v.date(),
      v.transform((date) => date.toISOString()),
    ),
  });
  const controller = defineController({
    sends: Tick,
    open({ session }, { send: tell, sendToGroup: tellAll }) {
      expectTypeOf(tell).parameter(1).toEqualTypeOf<{ at: Date }>();
      tell(session.id, { at: new Date() });
      tellAll("clock", { at: new Date() }, { except: session.id });
      // @ts-expect-error a text is no date
      tell(session.id, { at: "now" });
    },
    post(_request, sender) {
      // @ts-expect-error there is no "on"
      sender.sendToGroup("clock", { on: new Date() });
      return { status: 202 };
    },
  });
  expect(controller.sends).toBe(Tick);
});

test("without sends a sender takes nothing", () => {
  const controller = defineController({
    open({ session }, sender) {
      // @ts-expect-error what is sent has no type
      sender.send(session.id, "hello");
    },
  });
  expect(controller.open).toBeFunction();
});

test("send() and sendToGroup() take what the schema in their options takes", () => {
  const Item = z.object({ title: z.string(), at: z.date().optional() });
  const sends = (send: typeof Send, sendToGroup: typeof SendToGroup) => {
    send("id", { title: "news" }, { schema: Item });
    sendToGroup("feed", { title: "news", at: new Date() }, { schema: Item, except: "id", coalesce: 10 });
    send("id", Symbol.iterator);
    sendToGroup("feed", 7, { except: "id" });
    // @ts-expect-error the title is a number
    send("id", { title: 1 }, { schema: Item });
    // @ts-expect-error the title is missing
    sendToGroup("feed", {}, { schema: Item });
  };
  expect(sends).toBeFunction();
});

test("onInvalid is one of two words", () => {
  const close = defineController({ message: zodSaid, onInvalid: "close", onMessage: () => {} });
  // @ts-expect-error there is no such word
  const drop = defineController({ message: zodSaid, onInvalid: "drop", onMessage: () => {} });
  expect([close.onInvalid, drop.onInvalid as string]).toEqual(["close", "drop"]);
});

test("session.params is what the schema in params makes of them, in every event", () => {
  const controller = defineController({
    params: v.object({ id: v.pipe(v.string(), v.toNumber()), name: v.optional(v.string(), "somebody") }),
    message: zodSaid,
    get: ({ params }) => {
      expectTypeOf(params).toEqualTypeOf<Params>();
      return { webSocket: { data: { joined: true } } };
    },
    open: ({ session, data }) => {
      expectTypeOf(session.params).toEqualTypeOf<{ id: number; name: string }>();
      expectTypeOf(data).toEqualTypeOf<{ joined: boolean }>();
    },
    onMessage: ({ session, message }) => {
      expectTypeOf(session.params.id).toEqualTypeOf<number>();
      expectTypeOf(message).toEqualTypeOf<Said>();
    },
    close: ({ session }) => expectTypeOf(session.params.id).toEqualTypeOf<number>(),
    error: ({ session }) => expectTypeOf(session.params.id).toEqualTypeOf<number>(),
  });
  const plain = defineController({
    open: ({ session }) => expectTypeOf(session.params).toEqualTypeOf<Params>(),
  });
  expect([typeof controller.open, typeof plain.open]).toEqual(["function", "function"]);
});
