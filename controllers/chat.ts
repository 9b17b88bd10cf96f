import { join } from "node:path";
import { addToGroup, defineController, getGroupSize, send, sendToGroup } from "hubbub";
import { page } from "./lib/page.ts";

const GROUP = "chat";

/** A chat: clients send plain text, and hear as JSON who said what, who is typing, who joined and who left. */
export default defineController({
  get(request) {
    if (request.webSocket) {
      const name = pickName(request.params["name"]);
      return { webSocket: { data: { name } } };
    }
    return page(join(import.meta.dir, "public/chat.html"));
  },

  open({ session, data: { name } }) {
    addToGroup(GROUP, session.id);
    const size = getGroupSize(GROUP);
    send(session.id, { type: "welcome", id: session.id, name, size });
    sendToGroup(GROUP, { type: "joined", name, size }, { except: session.id });
  },

  message({ session, message, data: { name } }) {
    if (typeof message !== "string") return;
    const from = session.id;
    // Nobody says nothing: an empty message tells that one is coming.
    if (message.trim() === "") return sendToGroup(GROUP, { type: "typing", from, name }, { except: from });
    const at = new Date().toISOString();
    sendToGroup(GROUP, { type: "message", from, name, text: message, at });
  },

  close({ session, data: { name } }) {
    // The session has left its groups by now: the size counts those who stay.
    sendToGroup(GROUP, { type: "left", from: session.id, name, size: getGroupSize(GROUP) });
  },
});

/** Picks the name to appear under: the wanted one, at most 40 characters, or else a guest's. */
function pickName(wanted: string | string[] = ""): string {
  const name = String(wanted).trim().slice(0, 40).toWellFormed().trim();
  return name || `Guest-${1000 + Math.floor(Math.random() * 9000)}`;
}
