import { join } from "node:path";
import { defineController, send } from "hubbub";
import { page } from "./lib/page.ts";

/** Sends every message back to where it came from, text as text and binary as binary. */
export default defineController({
  get(request) {
    if (request.webSocket) return { webSocket: {} };
    return page(join(import.meta.dir, "public/echo.html"));
  },

  message({ session, message }) {
    send(session.id, message);
  },
});
