import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { templates } from "../../src/cli/templates.ts";
import { buildOnce, runBinary, startBinary } from "../support/binary.ts";
import { hasBrowser, saveScreenshot, waitForPage } from "../support/browser.ts";
import { createFolder } from "../support/folder.ts";
import { type CheckedWindow, desk, findBarriers, openChecked, phone } from "../support/page-check.ts";

const folder = createFolder();

beforeAll(async () => {
  await buildOnce();
  for (const name of templates) await runBinary(["init", name, "--template", name], { cwd: folder.path });
}, 60_000);

afterAll(() => folder[Symbol.dispose]());

const shows = (text: string) => `document.body.innerText.includes(${JSON.stringify(text)})`;

/** Types into the first field without a value, and sends the form. */
async function submit({ window }: CheckedWindow, field: string, text: string): Promise<void> {
  await window.click(`[name="${field}"]`);
  await window.type(text);
  await window.press("Enter");
}

/** What one does in a page, with a second window that sees it. */
const uses: Record<(typeof templates)[number], (ada: CheckedWindow, bob: CheckedWindow) => Promise<void>> = {
  async chat(ada, bob) {
    for (const { window } of [ada, bob]) await waitForPage(window, shows("2 here"));
    await submit(ada, "name", "Ada <b>");
    await waitForPage(ada.window, shows("2 here"));
    await submit(ada, "text", "hello");
    await waitForPage(bob.window, `${shows("hello")} && ${shows("Ada <b>")}`);
    expect(await ada.window.evaluate(`document.querySelector('[name="text"]').value`)).toBe("");
  },
  async feed(ada, bob) {
    for (const { window } of [ada, bob]) await waitForPage(window, shows("open"));
    await submit(ada, "title", "News <b>");
    for (const { window } of [ada, bob]) await waitForPage(window, shows("News <b>"));
  },
  async dashboard(ada, bob) {
    const points = `document.querySelector("polyline").points.numberOfItems`;
    for (const { window } of [ada, bob]) await waitForPage(window, `${points} >= 2`);
    await waitForPage(ada.window, `[...document.querySelectorAll("b")].at(-1).textContent === "2"`);
  },
  async api(ada, bob) {
    await submit(ada, "title", "Learn <b>");
    await waitForPage(bob.window, shows("Learn <b>"));
    await bob.window.click(`[type="checkbox"]`);
    await waitForPage(ada.window, `document.querySelector('[type="checkbox"]').checked`);
    await ada.window.click("li button");
    await waitForPage(bob.window, `!${shows("Learn <b>")}`);
    await submit(bob, "title", "Rest");
    await waitForPage(ada.window, shows("Rest"));
  },
};

test.skipIf(!hasBrowser).each(templates)(
  "the page of the template %s works in two windows, without barriers and complaints",
  async (name) => {
    await using server = await startBinary([], { cwd: join(folder.path, name) });
    using ada = await openChecked(`${server.origin}/`, desk);
    using bob = await openChecked(`${server.origin}/`, phone);
    await uses[name](ada, bob);
    await saveScreenshot(ada.window, `template-${name}-desk`);
    await saveScreenshot(bob.window, `template-${name}-phone`);
    for (const { window, complaints } of [ada, bob]) {
      expect(await findBarriers(window)).toEqual([]);
      expect(await window.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
      expect(complaints).toEqual([]);
    }
  },
  30_000,
);
