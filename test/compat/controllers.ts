import type { TestServer } from "../support/server.ts";
import { type TestSession, waitFor } from "../support/session.ts";

/** An event as `recorder` heard it: bytes are an array of numbers, `cause` is its text. */
export type RecordedEvent = {
  keys: string[];
  type: string;
  session: { id: string; path: string; params: Record<string, unknown> };
  data: unknown;
  message?: unknown;
  closeReason?: number;
  reason?: string;
  error?: string;
  cause?: string;
};

/**
 * A CommonJS controller that accepts every upgrade, and answers a plain GET with the events that it has heard.
 *
 * @param accept the source of what it returns as `webSocket`
 * @param onEvent the source of what it does with each `event`
 */
export function recorder({ accept = "{}", onEvent = "" } = {}): string {
  return `
    var lib = require('/lib/xp/websocket');
    var events = [];
    exports.get = function (req) {
      return req.webSocket ? { webSocket: ${accept} } : { body: events };
    };
    exports.webSocketEvent = function (event) {
      var heard = Object.assign({ keys: Object.keys(event).sort() }, event);
      if ('cause' in event) heard.cause = String(event.cause);
      if (event.message instanceof Uint8Array) heard.message = Array.from(event.message);
      events.push(heard);
      ${onEvent}
    };`;
}

/** The events that the `recorder` at `path` has heard. */
export async function readEvents(server: TestServer, path: string): Promise<RecordedEvent[]> {
  return (await (await server.fetch(path)).json()) as RecordedEvent[];
}

/** The events of the `recorder` at `path` once it has heard `count` closes. */
export async function waitForClose(server: TestServer, path: string, count = 1): Promise<RecordedEvent[]> {
  let events: RecordedEvent[] = [];
  await waitFor(async () => {
    events = await readEvents(server, path);
    return events.filter(({ type }) => type === "close").length >= count;
  }, "close event");
  return events;
}

/** What a call through `remote` gave. */
export type Answer = { id: string; result?: unknown; kind?: string; error?: string; code?: string };

/** A CommonJS controller whose sessions call the functions of the module `name`. */
export function remote(name = "/lib/xp/websocket"): string {
  return `
    var lib = require('${name}');
    function call(id, name, args) {
      var answer = { id: id };
      try {
        answer.result = lib[name].apply(null, args);
        answer.kind = typeof answer.result;
      } catch (error) {
        answer.error = error.message;
        answer.code = error.code;
      }
      return answer;
    }
    exports.get = function () { return { webSocket: {} }; };
    exports.post = function (req) {
      var asked = JSON.parse(req.body);
      return { body: call(null, asked.name, asked.args) };
    };
    exports.webSocketEvent = function (event) {
      if (event.type !== 'message') return;
      var asked = JSON.parse(event.message);
      var args = asked.args.map(function (arg) { return arg === '$me' ? event.session.id : arg; });
      lib.send(event.session.id, JSON.stringify(call(event.session.id, asked.name, args)));
    };`;
}

/** Calls a function of the library from an event of `session`; `"$me"` stands for the session's id. */
export async function call(session: TestSession, name: string, ...args: unknown[]): Promise<Answer> {
  session.send(JSON.stringify({ name, args }));
  return (await session.nextJson()) as Answer;
}

/** The id of a session of a `remote`. */
export async function idOf(session: TestSession): Promise<string> {
  return (await call(session, "getGroupSize", "nobody")).id;
}
