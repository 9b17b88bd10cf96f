import type { TestServer } from "./server.ts";

/** A controller whose messages are of `schema`: it answers with what it got, and lists its `error` events at GET. */
export const typed = (schema: string, more = "") => `
  import { defineController, send } from "hubbub";
  import * as v from "valibot";

  const told = [];

  export default defineController({
    get: ({ webSocket }) => (webSocket ? { webSocket: {} } : { body: told }),
    message: ${schema},
    onMessage({ session, message }) {
      send(session.id, { got: message });
    },
    error({ error, issues, cause }) {
      told.push({ error, paths: issues?.map(({ path = [] }) => Array.from(path, (segment) => segment.key ?? segment)), cause: String(cause) });
    },
    ${more}
  });
`;

/** A schema: a text, trimmed, and a count that may be left out. */
export const Said =
  "v.object({ text: v.pipe(v.string(), v.trim(), v.minLength(1)), count: v.optional(v.number(), 1) })";

/** What the sender of an invalid message gets. */
export type Refusal = { error: { code: string; message: string; issues: { path: unknown[]; message: string }[] } };

/** The `error` events that a `typed` controller has heard. */
export const listTold = async (server: TestServer, path: string) =>
  (await (await server.fetch(path)).json()) as { error: string; paths?: unknown[][]; cause: string }[];
