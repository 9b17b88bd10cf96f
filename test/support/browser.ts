import { existsSync } from "node:fs";

const path = process.env["BUN_CHROME_PATH"] ?? "/usr/bin/chromium";

/** A real browser is here. In CI one must be: nothing is skipped there. */
export const hasBrowser: boolean = existsSync(path) || process.env["CI"] !== undefined;

/** One window of the browser, which all windows of a process share and which ends with the process. */
export function openWindow(url: string, { width = 1000, height = 800 } = {}): Bun.WebView {
  return new Bun.WebView({
    url,
    width,
    height,
    backend: {
      type: "chrome",
      path,
      argv: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-component-update",
        "--disable-sync",
        // Certificates are the tests' own; that clients check them is tested without a browser.
        "--ignore-certificate-errors",
      ],
    },
  });
}

/** Resolves once the expression is true in the page; fails with what the page shows after twenty seconds. */
export async function waitForPage(window: Bun.WebView, expression: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  while ((await window.evaluate(expression).catch(() => false)) !== true) {
    if (performance.now() > deadline) {
      const text = String(await window.evaluate("document.body.innerText"));
      throw new Error(`The page never came to ${expression}; it shows:\n${text}`);
    }
    await Bun.sleep(20);
  }
}

/** Keeps what the page looks like where `HUBBUB_SCREENSHOTS` says, to be looked at. */
export async function saveScreenshot(window: Bun.WebView, name: string): Promise<void> {
  const folder = process.env["HUBBUB_SCREENSHOTS"];
  const file = name.replace(/\/$/, "/start").replaceAll("/", "-");
  if (folder !== undefined) await Bun.write(`${folder}/${file}.png`, await window.screenshot());
}
