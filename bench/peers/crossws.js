// crossws on Bun: its hooks and topics.
import crossws from "crossws/adapters/bun";

const adapter = crossws({
  hooks: {
    open(peer) {
      const { pathname } = new URL(peer.request.url);
      if (pathname !== "/echo") peer.subscribe(pathname);
    },
    message(peer, message) {
      const { pathname } = new URL(peer.request.url);
      if (pathname === "/echo") peer.send(message.text());
      else adapter.publish(pathname, message.text());
    },
  },
});

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  websocket: adapter.websocket,
  fetch: (request, own) => adapter.handleUpgrade(request, own),
});
console.log(server.url.href);
