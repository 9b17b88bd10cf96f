// The same as the soak's controllers on bare Bun.serve: what of the memory is the runtime's.
type Data = { path: string; addedTo?: string; last?: Promise<unknown> };

const accounts = { opened: 0, closed: 0, errors: 0, slow: 0 };
const numbers = new Map<string, number>();
const members = new Map<string, number>();
const padding = "x".repeat(10_000);

function count(room: string): number {
  const number = (numbers.get(room) ?? 0) + 1;
  numbers.set(room, number);
  return number;
}

function leave(data: Data): void {
  if (data.addedTo !== undefined) members.set(data.addedTo, (members.get(data.addedTo) ?? 0) - 1);
  delete data.addedTo;
}

const server = Bun.serve<Data>({
  port: 0,
  hostname: "127.0.0.1",
  async fetch(request, self) {
    const path = new URL(request.url).pathname;
    if (path === "/state") {
      Bun.gc(true);
      const all = [...members.values()].reduce((sum, size) => sum + size, 0);
      return Response.json({ ...accounts, members: all, version: 0 });
    }
    if (path === "/later") await Bun.sleep(1);
    return self.upgrade(request, { data: { path } }) ? undefined : new Response("no", { status: 400 });
  },
  websocket: {
    idleTimeout: 0,
    backpressureLimit: 2 * 1024 ** 2,
    closeOnBackpressureLimit: true,
    open(socket) {
      accounts.opened += 1;
      const { path } = socket.data;
      if (path !== "/news" && !path.startsWith("/room/")) return;
      socket.subscribe(path);
      socket.data.addedTo = path;
      members.set(path, (members.get(path) ?? 0) + 1);
      socket.send(`joined ${numbers.get(path) ?? 0}`);
    },
    async message(socket, message) {
      const { path } = socket.data;
      if (path === "/later") {
        socket.data.last = (socket.data.last ?? Promise.resolve()).then(() => Bun.sleep(Math.random() * 5));
        await socket.data.last;
      }
      if (path === "/echo" || path === "/later") socket.send(message);
      else if (message === "bye") {
        socket.unsubscribe(path);
        leave(socket.data);
        socket.send(`left ${numbers.get(path) ?? 0}`);
      } else server.publish(path, `${count(path)} ${message.toString()}`);
    },
    close(socket) {
      accounts.closed += 1;
      leave(socket.data);
    },
  },
});
setInterval(() => server.publish("/news", `${count("/news")} ${padding}`), 50);
console.log(`Listening: http://127.0.0.1:${server.port}/`);
