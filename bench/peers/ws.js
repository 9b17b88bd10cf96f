// ws on Node: the rooms are sets of ours.
import { WebSocket, WebSocketServer } from "ws";

const rooms = new Map();
const server = new WebSocketServer({ host: "127.0.0.1", port: 0 }, () =>
  console.log(`http://127.0.0.1:${server.address().port}/`),
);

server.on("connection", (socket, request) => {
  if (request.url === "/echo") {
    socket.on("message", (message, isBinary) => socket.send(message, { binary: isBinary }));
    return;
  }
  const room = rooms.get(request.url) ?? new Set();
  rooms.set(request.url, room.add(socket));
  socket.on("message", (message, isBinary) => {
    for (const member of room) if (member.readyState === WebSocket.OPEN) member.send(message, { binary: isBinary });
  });
  socket.on("close", () => room.delete(socket));
});
