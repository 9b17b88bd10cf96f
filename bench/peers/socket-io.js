// socket.io on Node: its own rooms and events, over WebSocket alone.
import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, { transports: ["websocket"], serveClient: false });

io.on("connection", (socket) => {
  const { group } = socket.handshake.query;
  if (group === undefined) {
    socket.on("message", (text) => socket.emit("message", text));
    return;
  }
  void socket.join(group);
  socket.on("message", (text) => io.to(group).emit("message", text));
});

http.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${http.address().port}/`));
