// Elysia on Bun: its `ws` routes and Bun's topics.
import { Elysia } from "elysia";

const app = new Elysia()
  .ws("/echo", {
    message(socket, message) {
      socket.send(message);
    },
  })
  .ws("/room/:id", {
    open(socket) {
      socket.subscribe(socket.data.params.id);
    },
    message(socket, message) {
      app.server.publish(socket.data.params.id, message);
    },
  })
  .listen({ hostname: "127.0.0.1", port: 0 }, (server) => console.log(server.url.href));
