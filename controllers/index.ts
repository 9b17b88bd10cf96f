import { join } from "node:path";
import { controllers, defineController } from "hubbub";
import { page } from "./lib/page.ts";

/** The start page; the same address answers JSON to a program that asks for it. */
export default defineController({
  get(request) {
    if (request.getHeader("accept")?.startsWith("application/json")) {
      return {
        contentType: "application/json",
        headers: { "Cache-Control": "no-store", Vary: "Accept" },
        body: controllers(),
      };
    }
    return page(join(import.meta.dir, "public/index.html"), { Vary: "Accept" });
  },
});
