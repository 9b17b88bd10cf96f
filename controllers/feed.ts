import { join } from "node:path";
import { addToGroup, defineController, getGroupSize, kept, sendToGroup } from "hubbub";
import { page } from "./lib/page.ts";
import * as v from "valibot";

const GROUP = "feed";
const KEEP = 20;
const INTERVAL_MS = 5_000;

const Item = v.object({
  id: v.string(),
  title: v.string(),
  from: v.picklist(["server", "post"]),
  at: v.pipe(v.string(), v.isoTimestamp()),
});

type Item = v.InferOutput<typeof Item>;

const News = v.object(
  {
    title: v.pipe(
      v.string('"title" must be a text'),
      v.trim(),
      v.minLength(1, '"title" is empty, expected 1 to 200 characters'),
      v.maxLength(200, '"title" is too long, expected 1 to 200 characters'),
    ),
  },
  'Expected a "title", as JSON {"title": "…"} or as a form field',
);
const NewsAsJson = v.pipe(v.string("The body is empty"), v.parseJson({}, "The body is not JSON"), News);

/** The newest items, oldest first. They survive an edit of this file. */
const items = kept("feed.items", (): Item[] => []);

// Stops by itself when an edit replaces this module.
setInterval(() => {
  const listeners = getGroupSize(GROUP);
  if (listeners > 0) publish(describeServer(listeners), "server");
}, INTERVAL_MS);

/** A feed: pushes an item every five seconds while someone listens, and whatever is posted to it. */
export default defineController({
  sends: Item,

  get(request) {
    if (request.webSocket) return { webSocket: {} };
    return page(join(import.meta.dir, "public/feed.html"));
  },

  post({ body, contentType, params }) {
    const news = contentType?.includes("json") ? v.safeParse(NewsAsJson, body) : v.safeParse(News, params);
    if (!news.success) {
      const [{ message }] = news.issues;
      return { status: 400, body: { status: 400, message } };
    }
    return { status: 201, body: publish(news.output.title, "post") };
  },

  open({ session }, { send }) {
    addToGroup(GROUP, session.id);
    for (const item of items) send(session.id, item);
  },
});

/** Keeps an item for those who come later, and sends it to all who listen now. */
function publish(title: string, from: Item["from"]): Item {
  const item: Item = {
    id: crypto.randomUUID(),
    title,
    from,
    at: new Date().toISOString(),
  };
  items.push(item);
  items.splice(0, items.length - KEEP);
  sendToGroup(GROUP, item, { schema: Item });
  return item;
}

function describeServer(listeners: number): string {
  const memoryMiB = Math.round(process.memoryUsage.rss() / 1024 ** 2);
  const upMinutes = Math.floor(process.uptime() / 60);
  return `${listeners} listening · ${memoryMiB} MiB of memory · up ${upMinutes} min`;
}
