import { addToGroup, defineController, getGroupSize, sendToGroup } from "hubbub";
import * as v from "valibot";

/** What a page sends. */
const Said = v.object({ text: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(2000)) });

/** What a page is sent. */
const Heard = v.variant("type", [
  v.object({ type: v.literal("said"), name: v.string(), text: v.string(), at: v.string() }),
  v.object({ type: v.literal("here"), count: v.number() }),
]);

export default defineController({
  message: Said,
  sends: Heard,

  /** A session may open with a name: `/chat?name=Ada`. */
  get({ webSocket, params }) {
    if (!webSocket) return { redirect: "/" };
    return { webSocket: { data: { name: String(params["name"] ?? "").slice(0, 40) || "Somebody" } } };
  },

  open({ session }) {
    addToGroup("chat", session.id);
    tellCount();
  },

  onMessage({ message, data }, { sendToGroup }) {
    sendToGroup("chat", { type: "said", name: data.name, text: message.text, at: new Date().toISOString() });
  },

  close() {
    tellCount();
  },
});

function tellCount(): void {
  sendToGroup("chat", { type: "here", count: getGroupSize("chat") }, { schema: Heard });
}
