// The control: what the controllers of bench/controllers do, on bare Bun.serve with its native publish, and nothing else.
// `control KIND [--compress]`
import type { BunRequest, Server, WebSocketHandler } from "bun";
import * as v from "valibot";

type Data = { group: string } | { joined: number; heard: number } | undefined;

const Message = v.object({ id: v.pipe(v.string(), v.length(12)), text: v.pipe(v.string(), v.maxLength(500)) });

const handlers: Record<string, WebSocketHandler<Data>> = {
  room: {
    open(socket) {
      socket.subscribe(groupOf(socket.data));
    },
    message(socket, message) {
      server.publish(groupOf(socket.data), message);
    },
  },
  echo: {
    message(socket, message) {
      socket.send(message);
    },
  },
  "echo-async": {
    async message(socket, message) {
      await Promise.resolve();
      socket.send(message);
    },
  },
  "echo-ready": {
    async message(socket, message) {
      socket.send(message);
    },
  },
  burst: {
    message(socket, message) {
      for (let copy = 0; copy < 10; copy += 1) socket.send(message);
    },
  },
  json: {
    message(socket, message) {
      const result = v.safeParse(Message, JSON.parse(String(message)));
      if (result.success) socket.send(JSON.stringify(result.output));
    },
  },
  upgrade: {
    message({ data }) {
      if (data !== undefined && "heard" in data) data.heard += 1;
    },
  },
};

const kind = process.argv[2] ?? "";
const websocket = handlers[kind];
if (websocket === undefined)
  throw new Error(`Cannot start the control "${kind}": expected ${Object.keys(handlers).join(", ")}`);

const refused = () => new Response(null, { status: 400 });

const server = Bun.serve<Data>({
  hostname: "127.0.0.1",
  port: 0,
  websocket: { ...websocket, perMessageDeflate: process.argv[3] === "--compress" },
  routes: {
    "/collect": () => {
      Bun.gc(true);
      return new Response();
    },
    "/room/:id": (request: BunRequest<"/room/:id">, own: Server<Data>) =>
      own.upgrade(request, { data: { group: request.params.id } }) ? undefined : refused(),
    "/upgrade": (request: BunRequest, own: Server<Data>) =>
      own.upgrade(request, { data: { joined: Date.now(), heard: 0 } }) ? undefined : refused(),
  },
  fetch: (request, own) => (own.upgrade(request, { data: undefined }) ? undefined : refused()),
});
console.log(server.url.href);

function groupOf(data: Data): string {
  return data !== undefined && "group" in data ? data.group : "";
}
