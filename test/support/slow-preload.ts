// `bun --preload` this before a server: each message that comes in then costs it MICROSECONDS more.
import type { Serve } from "bun";

const MICROSECONDS = 20;

const { serve } = Bun;

const slow = ((options: Serve.Options<unknown>) => {
  const { websocket } = options;
  if (websocket === undefined) return serve(options);
  return serve({
    ...options,
    websocket: {
      ...websocket,
      message(socket, message) {
        const end = performance.now() + MICROSECONDS / 1000;
        while (performance.now() < end);
        return websocket.message?.(socket, message);
      },
    },
  } as Serve.Options<unknown>);
}) as typeof Bun.serve;

Object.defineProperty(Bun, "serve", { value: slow });
