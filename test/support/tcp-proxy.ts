import type { Socket } from "bun";

/** A network between two programs that a test can cut. */
export type TcpProxy = Disposable & {
  port: number;
  /** Ends every connection, and takes no more until `mend`. */
  cut: () => void;
  /** Carries nothing more in either direction, and says so to nobody. */
  hold: () => void;
  /** Carries again, what was held first. */
  mend: () => void;
};

type End = { other: Socket<End> | undefined; waiting: Uint8Array[] };

/** Listens on a free port and carries all to `port`, both on the loopback address. */
export function startTcpProxy(port: number): TcpProxy {
  const sockets = new Set<Socket<End>>();
  let state: "open" | "cut" | "held" = "open";

  const carry = (socket: Socket<End>) => {
    const { other, waiting } = socket.data;
    if (state !== "open" || other === undefined) return;
    while (waiting.length > 0) {
      const [chunk] = waiting;
      if (chunk === undefined) return;
      const written = other.write(chunk);
      if (written < chunk.length) {
        waiting[0] = chunk.subarray(Math.max(0, written));
        return;
      }
      waiting.shift();
    }
  };
  const forget = (socket: Socket<End>) => {
    sockets.delete(socket);
    const { other } = socket.data;
    socket.data.other = undefined;
    other?.end();
  };
  const handlers = {
    data(socket: Socket<End>, chunk: Uint8Array) {
      socket.data.waiting.push(new Uint8Array(chunk));
      carry(socket);
    },
    drain(socket: Socket<End>) {
      const { other } = socket.data;
      if (other !== undefined) carry(other);
    },
    close: forget,
    error: forget,
  };

  const listener = Bun.listen<End>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      ...handlers,
      async open(socket) {
        socket.data = { other: undefined, waiting: [] };
        sockets.add(socket);
        if (state === "cut") {
          socket.terminate();
          return;
        }
        try {
          const other = await Bun.connect<End>({
            hostname: "127.0.0.1",
            port,
            data: { other: socket, waiting: [] },
            socket: handlers,
          });
          sockets.add(other);
          socket.data.other = other;
          carry(socket);
        } catch {
          socket.terminate();
        }
      },
    },
  });
  return {
    port: listener.port,
    cut() {
      state = "cut";
      for (const socket of sockets) socket.terminate();
    },
    hold() {
      state = "held";
    },
    mend() {
      state = "open";
      for (const socket of sockets) carry(socket);
    },
    [Symbol.dispose]() {
      listener.stop(true);
      for (const socket of sockets) socket.terminate();
    },
  };
}
