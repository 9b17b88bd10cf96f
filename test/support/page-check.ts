import { source as axe } from "axe-core";
import { openWindow, waitForPage } from "./browser.ts";

export type Viewport = { width: number; height: number; scheme: "light" | "dark" };

export const phone: Viewport = { width: 360, height: 740, scheme: "dark" };
export const desk: Viewport = { width: 1100, height: 800, scheme: "light" };

/** A window that keeps what the browser complains of. */
export type CheckedWindow = Disposable & {
  window: Bun.WebView;
  /** Errors and warnings of the console, uncaught exceptions, and what the security policy blocked. */
  complaints: string[];
  look: (viewport: Viewport) => Promise<void>;
};

type Complaint = {
  type?: string;
  args?: { value?: unknown; description?: string }[];
  exceptionDetails?: { text: string; exception?: { description?: string } };
  entry?: { level: string; text: string; url?: string };
};

/** Opens `url` as it is seen in `viewport`. */
export async function openChecked(url: string, viewport: Viewport): Promise<CheckedWindow> {
  const window = openWindow("about:blank", viewport);
  await waitForPage(window, "true");
  const complaints: string[] = [];
  const isBad = (level: string | undefined) => level === "error" || level === "warning";
  window.addEventListener<Complaint>("Runtime.consoleAPICalled", ({ data: { type, args = [] } }) => {
    if (isBad(type)) complaints.push(JSON.stringify(args.map(({ value, description }) => value ?? description)));
  });
  window.addEventListener<Complaint>("Runtime.exceptionThrown", ({ data: { exceptionDetails } }) => {
    complaints.push(exceptionDetails?.exception?.description ?? exceptionDetails?.text ?? "");
  });
  window.addEventListener<Complaint>("Log.entryAdded", ({ data: { entry } }) => {
    if (isBad(entry?.level)) complaints.push(`${entry?.text} ${entry?.url}`);
  });
  await window.cdp("Runtime.enable");
  await window.cdp("Log.enable");
  const look = async ({ width, height, scheme }: Viewport) => {
    const mobile = width < 600;
    await window.cdp("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile });
    const features = [{ name: "prefers-color-scheme", value: scheme }];
    await window.cdp("Emulation.setEmulatedMedia", { features });
  };
  await look(viewport);
  await window.navigate(url);
  return {
    window,
    complaints,
    look,
    [Symbol.dispose]: () => window.close(),
  };
}

/** What axe-core finds that keeps people out: its findings of the impact "serious" or "critical". */
export async function findBarriers(window: Bun.WebView): Promise<string[]> {
  // It is half a megabyte: a page is given it once.
  if (!(await window.evaluate("'axe' in globalThis"))) await window.evaluate(`void (() => { ${axe} })()`);
  return window.evaluate(`axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => id + ": " + html + " " + failureSummary)))`);
}

/**
 * What moved since the page was opened (its layout shifts), and from where to where.
 *
 * What follows an input counts too: the browser takes the size of the window, set before the page came, for one.
 *
 * @param lively what may move: a list whose newest entry comes first
 */
export function findShifts(window: Bun.WebView, lively = ":not(*)"): Promise<string[]> {
  return window.evaluate(`new Promise((resolve) => {
    const moved = [];
    const place = ({ x, y }) => Math.round(x) + "," + Math.round(y);
    new PerformanceObserver((list) => {
      for (const { sources } of list.getEntries()) {
        for (const { node, previousRect, currentRect } of sources)
          if (!(node?.closest ? node : node?.parentElement)?.closest("${lively}"))
            moved.push((node?.textContent ?? "?") + ": " + place(previousRect) + " to " + place(currentRect));
      }
    }).observe({ type: "layout-shift", buffered: true });
    // What moved in the last frame is told a while after it.
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(moved), 200)));
  })`);
}

export type TabStop = { name: string; isSeen: boolean };

/** Notes where the focus goes: into an element, or out of the page. */
const noteFocus = `(() => {
  if (globalThis.focusNotes !== undefined) return;
  globalThis.focusNotes = [];
  addEventListener("focusin", ({ target }) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(target);
    const isSeen = outlineStyle !== "none" && parseFloat(outlineWidth) > 1;
    focusNotes.push({ name: target.id || target.textContent.trim(), isSeen });
  });
  addEventListener("focusout", ({ relatedTarget }) => relatedTarget === null && focusNotes.push(null));
})()`;

/** What has the focus, one after another, from the start of the page to its end. */
export async function listTabStops(window: Bun.WebView): Promise<TabStop[]> {
  await window.evaluate(noteFocus);
  // From where the focus is to the end, and then from the start.
  await tabToEnd(window);
  return tabToEnd(window);
}

async function tabToEnd(window: Bun.WebView): Promise<TabStop[]> {
  const stops: TabStop[] = [];
  while (stops.length < 100) {
    await window.evaluate("focusNotes.length = 0");
    await window.press("Tab");
    await waitForPage(window, "focusNotes.length > 0");
    const stop = await window.evaluate<TabStop | null>("focusNotes.at(-1)");
    if (stop === null) break;
    stops.push(stop);
  }
  return stops;
}
