/** What a session hears about the page that it lives in. */
export type PageEvents = {
  /** The page has not run for a while, or the network is another one: a connection may be gone without a sign. */
  doubt: () => void;
  /** Somebody looks, or the network is back: now is a good time for a try. */
  hurry: () => void;
  /** The page is left; it may be kept for the Back button. */
  leave: () => void;
  /** The page that was kept is shown again. */
  comeBack: () => void;
};

/** What of a browser's page is needed here; elsewhere there is none. */
type Page = EventTarget & { document?: EventTarget & { visibilityState: string } };

/** How often to look whether the page has slept, unless it sleeps sooner than that. */
const LOOK_MS = 15_000;

/**
 * Watches the page until `signal` ends it: sleep, network, leaving.
 *
 * @param sleepMs how long a page has not run that has slept
 */
export function watchPage(events: PageEvents, sleepMs: number, signal: AbortSignal): void {
  const page = globalThis as unknown as Page;
  const { document } = page;
  if (document === undefined) return;
  const { doubt, hurry, leave, comeBack } = events;
  const wake = () => {
    doubt();
    hurry();
  };
  let ranAt = Date.now();
  const look = () => {
    const idleMs = Date.now() - ranAt;
    ranAt += idleMs;
    if (idleMs > sleepMs) wake();
  };
  const timer = setInterval(look, Math.min(LOOK_MS, sleepMs / 2));
  signal.addEventListener("abort", () => clearInterval(timer));

  const on = (target: EventTarget, type: string, listener: () => void) =>
    target.addEventListener(type, listener, { signal });
  on(document, "resume", look);
  on(document, "visibilitychange", () => {
    look();
    if (document.visibilityState === "visible") hurry();
  });
  on(page, "offline", doubt);
  on(page, "online", wake);
  on(page, "pagehide", leave);
  on(page, "pageshow", comeBack);
}
