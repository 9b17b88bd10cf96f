import { addToGroup, defineController, kept } from "hubbub";
import * as v from "valibot";

const KEEP = 20;

/** What is posted, as a form or as JSON. */
const News = v.object({ title: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200)) });

/** What readers are sent. */
const Item = v.object({ id: v.string(), title: v.string(), at: v.string() });

/** The newest last. They survive an edit of this file. */
const items = kept("feed.items", (): v.InferOutput<typeof Item>[] => []);

export default defineController({
  sends: Item,

  get({ webSocket }) {
    return webSocket ? { webSocket: {} } : { body: items };
  },

  open({ session }, { send }) {
    addToGroup("feed", session.id);
    for (const item of items) send(session.id, item);
  },

  post({ contentType, body, params }, { sendToGroup }) {
    const news = v.safeParse(News, contentType?.includes("json") ? parseJson(body) : params);
    if (!news.success) return { status: 400, body: { message: 'Expected a "title" of 1 to 200 characters' } };
    const item = { id: crypto.randomUUID(), title: news.output.title, at: new Date().toISOString() };
    items.push(item);
    items.splice(0, items.length - KEEP);
    sendToGroup("feed", item);
    return { status: 201, body: item };
  },
});

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
