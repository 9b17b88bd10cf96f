import { defineController, send } from "hubbub";
import * as v from "valibot";

export default defineController({
  message: v.object({ id: v.pipe(v.string(), v.length(12)), text: v.pipe(v.string(), v.maxLength(500)) }),
  onMessage: ({ session, message }) => send(session.id, message),
});
