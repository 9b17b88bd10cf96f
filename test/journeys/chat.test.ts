import { beforeAll, expect, test } from "bun:test";
import { buildOnce, startBinary } from "../support/binary.ts";
import { hasBrowser, openWindow, saveScreenshot, waitForPage } from "../support/browser.ts";
import { createFolder } from "../support/folder.ts";

beforeAll(buildOnce, 60_000);

const shows = (text: string) => `document.body.innerText.includes(${JSON.stringify(text)})`;
const isOpen = `document.querySelector("#state").dataset.state === "open"`;

/** Takes a name the way a person does. */
async function takeName(window: Bun.WebView, name: string): Promise<void> {
  await waitForPage(window, `document.querySelector("#state")?.dataset.state === "open"`);
  await window.evaluate(`document.querySelector("#name").select()`);
  await window.click("#name", { clickCount: 3 });
  await window.type(name);
  await window.press("Enter");
  await waitForPage(window, shows(`You are here as ${name}`));
}

test.skipIf(!hasBrowser)(
  "two windows on the embedded chat hear each other and see who joins and leaves",
  async () => {
    using folder = createFolder();
    await using server = await startBinary([], { cwd: folder.path });
    await using ada = openWindow(`${server.origin}/chat`);
    await takeName(ada, "Ada");
    await using bob = openWindow(`${server.origin}/chat`);
    await takeName(bob, "Bob");
    await waitForPage(ada, shows("Bob joined"));
    await bob.click("#text");
    await bob.type("hello from Bob");
    await bob.press("Enter");
    await waitForPage(ada, shows("hello from Bob"));
    await waitForPage(bob, `document.querySelector(".own .text")?.textContent === "hello from Bob"`);
    expect(await ada.evaluate(`document.querySelector(".own") === null`)).toBe(true);
    await saveScreenshot(ada, "chat");
    await bob.navigate(`${server.origin}/echo`);
    await waitForPage(ada, shows("Bob left"));
  },
  30_000,
);

test.skipIf(!hasBrowser)(
  "the chat page re-connects by itself after an idle timeout",
  async () => {
    using folder = createFolder();
    await using server = await startBinary(["--timeout", "1", "--ping", "0"], { cwd: folder.path });
    await using window = openWindow(`${server.origin}/chat`);
    await waitForPage(window, isOpen);
    await waitForPage(window, `!(${isOpen})`);
    await waitForPage(window, isOpen);
    await waitForPage(window, `document.body.innerText.split("You are here as").length > 2`);
  },
  30_000,
);
