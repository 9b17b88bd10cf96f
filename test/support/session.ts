/** One session of a test: a real WebSocket whose messages are taken one by one. */
export type TestSession = Disposable & {
  /** The next message; rejects if the session ends first, or after five seconds. */
  next: () => Promise<string | Uint8Array>;
  /** The next message, parsed. */
  nextJson: () => Promise<unknown>;
  send: (message: string | Uint8Array<ArrayBuffer>) => void;
  close: (code?: number, reason?: string) => void;
  /** The close code and reason that the client saw. */
  closed: Promise<{ code: number; reason: string }>;
  /** Messages that came and were not taken. */
  waiting: readonly (string | Uint8Array)[];
  protocol: string;
  socket: WebSocket;
};

export type SessionOptions = {
  protocols?: string[];
  headers?: Record<string, string>;
  /** The certificate, as PEM, that the server's must be signed by. */
  ca?: string;
};

const PATIENCE_MS = 5000;

/** Opens a session at an http or ws address; rejects with the HTTP status if it is refused. */
export async function openSession(
  url: string,
  { protocols = [], headers = {}, ca }: SessionOptions = {},
): Promise<TestSession> {
  const socket = new WebSocket(url.replace(/^http/, "ws"), {
    protocols,
    headers,
    ...(ca === undefined ? {} : { tls: { ca } }),
  });
  socket.binaryType = "arraybuffer";
  const messages: (string | Uint8Array)[] = [];
  const takers: PromiseWithResolvers<string | Uint8Array>[] = [];
  const closed = Promise.withResolvers<{ code: number; reason: string }>();
  socket.addEventListener("message", ({ data }: MessageEvent<string | ArrayBuffer>) => {
    const message = typeof data === "string" ? data : new Uint8Array(data);
    const taker = takers.shift();
    if (taker === undefined) messages.push(message);
    else taker.resolve(message);
  });
  socket.addEventListener("close", ({ code, reason }) => {
    closed.resolve({ code, reason });
    for (const taker of takers) taker.reject(new Error(`The session ended with ${code} ${reason}`));
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("error", (event) => reject(new Error((event as ErrorEvent).message)));
  });
  const next = () => {
    const message = messages.shift();
    if (message !== undefined) return Promise.resolve(message);
    const taker = Promise.withResolvers<string | Uint8Array>();
    takers.push(taker);
    if (socket.readyState === WebSocket.CLOSED) taker.reject(new Error("The session has ended"));
    return withPatience(taker.promise, "message");
  };
  return {
    next,
    nextJson: async () => JSON.parse(String(await next())) as unknown,
    send: (message) => socket.send(message),
    close: (code, reason) => socket.close(code, reason),
    closed: closed.promise,
    waiting: messages,
    protocol: socket.protocol,
    socket,
    [Symbol.dispose]: () => socket.terminate(),
  };
}

/** `promise`, or a clear failure after five seconds. */
export function withPatience<T>(promise: Promise<T>, what: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`No ${what} within ${PATIENCE_MS} ms`)), PATIENCE_MS);
  return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer));
}

/** Resolves as soon as `condition` holds; fails after five seconds. */
export async function waitFor(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`No ${what} within ${PATIENCE_MS} ms`);
    await Bun.sleep(5);
  }
}
