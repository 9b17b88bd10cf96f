// Deno: its own upgrade; the rooms are sets of ours.
const rooms = new Map();

Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(`http://127.0.0.1:${port}/`) },
  (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    const { pathname } = new URL(request.url);
    if (pathname === "/echo") {
      socket.onmessage = ({ data }) => socket.send(data);
      return response;
    }
    const room = rooms.get(pathname) ?? new Set();
    rooms.set(pathname, room);
    socket.onopen = () => room.add(socket);
    socket.onclose = () => room.delete(socket);
    socket.onmessage = ({ data }) => {
      for (const member of room) if (member.readyState === WebSocket.OPEN) member.send(data);
    };
    return response;
  },
);
