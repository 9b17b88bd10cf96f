/**
 * A session that stays: it connects to a controller and re-connects when the connection is lost.
 *
 * @typedef {object} State
 * @property {"connecting" | "open" | "waiting" | "closed"} name
 * @property {number} [seconds] until the next try, while waiting
 * @property {number} [code] why it closed, once closed or waiting
 * @property {string} [reason]
 *
 * @typedef {object} Options
 * @property {(message: string | ArrayBuffer) => void} [onMessage]
 * @property {(state: State) => void} [onState] hears every change, and each second while waiting
 *
 * @typedef {object} Session
 * @property {(message: string | BufferSource) => boolean} send false if the session is not open
 * @property {() => void} close ends the session for good
 */

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
/** A connection that lasted this long was a good one: the next delay starts small again. */
const STEADY_MS = 5_000;

/**
 * Opens a session at `path` of this server and keeps it open.
 *
 * After a timeout, a restart or a lost network it re-connects, with delays that double up to half a
 * minute and are jittered so that a thousand pages do not return at once. Close codes 4400 to 4499
 * are the server's way to say "do not re-connect".
 *
 * @param {string} path such as "/chat?name=Ada"
 * @param {Options} [options]
 * @returns {Session}
 */
export function connect(path, { onMessage, onState } = {}) {
  const life = new AbortController();
  let tries = 0;
  /** @type {WebSocket} */
  let socket;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  open();
  addEventListener("online", retryNow, life);
  // A page that is left may be kept for the Back button: its session ends all the same, and begins anew with it.
  addEventListener("pagehide", () => socket.close(1000), life);
  addEventListener("pageshow", retryNow, life);

  function open() {
    onState?.({ name: "connecting" });
    let openedAt = Infinity;
    socket = new WebSocket(toSocketUrl(path));
    socket.binaryType = "arraybuffer";
    socket.addEventListener(
      "open",
      () => {
        openedAt = performance.now();
        onState?.({ name: "open" });
      },
      life,
    );
    socket.addEventListener("message", ({ data }) => onMessage?.(data), life);
    socket.addEventListener(
      "close",
      ({ code, reason }) => {
        if (code >= 4400 && code <= 4499) return end(code, reason);
        if (performance.now() - openedAt > STEADY_MS) tries = 0;
        wait(performance.now() + pickDelayMs(tries++), code, reason);
      },
      life,
    );
  }

  /**
   * @param {number} until
   * @param {number} code
   * @param {string} reason
   */
  function wait(until, code, reason) {
    const leftMs = until - performance.now();
    if (leftMs <= 0) return open();
    const seconds = Math.ceil(leftMs / 1000);
    onState?.({ name: "waiting", seconds, code, reason });
    timer = setTimeout(wait, leftMs % 1000 || 1000, until, code, reason);
  }

  function retryNow() {
    if (socket.readyState !== WebSocket.CLOSED) return;
    clearTimeout(timer);
    open();
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  function end(code, reason) {
    life.abort();
    clearTimeout(timer);
    onState?.({ name: "closed", code, reason });
  }

  return {
    send(message) {
      if (socket.readyState !== WebSocket.OPEN) return false;
      socket.send(message);
      return true;
    },
    close() {
      if (life.signal.aborted) return;
      socket.close(1000);
      end(1000, "");
    },
  };
}

/**
 * Picks how long to wait before a try: double each time, less up to a half at random.
 *
 * @param {number} tries how many failed before
 */
function pickDelayMs(tries) {
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** tries, LONGEST_DELAY_MS);
  return delayMs * (0.5 + Math.random() / 2);
}

/**
 * Gives the address of `path` on this server: `wss:` under HTTPS, otherwise `ws:`.
 *
 * @param {string} path
 */
export function toSocketUrl(path) {
  const url = new URL(path, location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  return url;
}
