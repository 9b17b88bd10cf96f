// Hono on Bun: its own `upgradeWebSocket`, and Bun's topics, which it does not wrap.
import { Hono } from "hono";
import { upgradeWebSocket, websocket } from "hono/bun";

const app = new Hono()
  .get(
    "/echo",
    upgradeWebSocket(() => ({ onMessage: (event, socket) => socket.send(event.data) })),
  )
  .get(
    "/room/:id",
    upgradeWebSocket((context) => {
      const id = context.req.param("id");
      return {
        onOpen: (_, socket) => socket.raw.subscribe(id),
        onMessage: (event) => server.publish(id, event.data),
      };
    }),
  );

const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: app.fetch, websocket });
console.log(server.url.href);
