import { afterAll, beforeAll, expect, test } from "bun:test";
import { buildOnce, startBinary, type TestProcess } from "../support/binary.ts";
import { hasBrowser, saveScreenshot, waitForPage } from "../support/browser.ts";
import { createFolder } from "../support/folder.ts";
import { desk, findBarriers, listTabStops, findShifts, openChecked, phone } from "../support/page-check.ts";

let server: TestProcess;
const folder = createFolder();

beforeAll(async () => {
  await buildOnce();
  server = await startBinary([], { cwd: folder.path });
  await server.fetch("/feed", { method: "POST", body: new URLSearchParams({ title: "Posted before anyone came" }) });
}, 60_000);

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const shows = (text: string) => `document.body.innerText.includes(${JSON.stringify(text)})`;
const isOpen = `document.querySelector("#state").dataset.state === "open"`;

/** What each page shows once it is complete. */
const pages: [path: string, isComplete: string][] = [
  ["/", shows("/dashboard")],
  ["/chat", `${isOpen} && ${shows("You are here as")}`],
  ["/echo", isOpen],
  ["/feed", `${isOpen} && ${shows("Posted before anyone came")}`],
  ["/dashboard", `${isOpen} && document.querySelector(".plot .value").textContent !== "–"`],
];

test.skipIf(!hasBrowser)(
  "the checks of pages see a shift, a barrier and a complaint",
  async () => {
    using checked = await openChecked(`${server.origin}/echo`, phone);
    const { window, complaints } = checked;
    await waitForPage(window, isOpen);
    await window.evaluate(`document.querySelector("main").insertAdjacentHTML("afterbegin", "<p>Late<p><input>")`);
    await window.evaluate(`void import("/no-such-script.js").catch(() => {})`);
    expect(await findShifts(window)).toContainEqual(expect.stringContaining("Echo"));
    expect(await findBarriers(window)).toEqual([expect.stringMatching(/^label: <input>/)]);
    expect(complaints).toEqual([expect.stringContaining("/no-such-script.js")]);
  },
  30_000,
);

test.skipIf(!hasBrowser).each(pages)(
  "%s fits a phone and a desk, dark and light, without barriers, shifts or complaints",
  async (path, isComplete) => {
    using checked = await openChecked(server.origin + path, phone);
    const { window, complaints, look } = checked;
    await waitForPage(window, isComplete);
    expect(await window.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    await saveScreenshot(window, `phone-dark${path}`);
    expect(await findShifts(window, "#items")).toEqual([]);
    expect(await findBarriers(window)).toEqual([]);
    await look({ ...phone, scheme: "light" });
    await saveScreenshot(window, `phone-light${path}`);
    expect(await findBarriers(window)).toEqual([]);
    await look(desk);
    await saveScreenshot(window, `desk-light${path}`);
    await look({ ...desk, scheme: "dark" });
    await saveScreenshot(window, `desk-dark${path}`);
    expect(await findBarriers(window)).toEqual([]);
    expect(complaints).toEqual([]);
  },
  30_000,
);

test.skipIf(!hasBrowser)(
  "a page whose bar comes in two pieces shows it when it is whole",
  async () => {
    const { promise: isSeen, resolve: see } = Promise.withResolvers<void>();
    using slow = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      async fetch(request) {
        const { pathname } = new URL(request.url);
        if (pathname === "/seen") see();
        const answer = await server.fetch(pathname);
        if (pathname !== "/echo") return answer;
        const html = await answer.text();
        const middle = html.indexOf('<a href="/dashboard">');
        async function* inPieces() {
          yield `${html.slice(0, middle)}<img src="/seen" alt="" hidden>`;
          await isSeen;
          // By then it would have been painted.
          await Bun.sleep(200);
          yield html.slice(middle);
        }
        return new Response(inPieces(), { headers: { "Content-Type": "text/html" } });
      },
    });
    using checked = await openChecked(`${slow.url.origin}/echo`, phone);
    await waitForPage(checked.window, shows("Dashboard"));
    expect(await findShifts(checked.window)).toEqual([]);
    await slow.stop(true);
  },
  30_000,
);

test.skipIf(!hasBrowser).each(pages)(
  "%s is reached with the keyboard, and shows where one is",
  async (path, isComplete) => {
    using checked = await openChecked(server.origin + path, desk);
    const { window } = checked;
    await waitForPage(window, isComplete);
    const stops = await listTabStops(window);
    const wanted = await window.evaluate<number>(
      `document.querySelectorAll("a[href], button:enabled, input:enabled, [tabindex='0']").length`,
    );
    expect(stops.length).toBe(wanted);
    expect(stops.filter(({ isSeen }) => !isSeen)).toEqual([]);
  },
  30_000,
);

test.skipIf(!hasBrowser)(
  "the chat tells who is here and who is typing, with the keyboard alone",
  async () => {
    using ada = await openChecked(`${server.origin}/chat`, desk);
    using bob = await openChecked(`${server.origin}/chat`, phone);
    for (const { window } of [ada, bob]) await waitForPage(window, shows("2 here"));
    for (let back = 0; back < 3; back += 1) await bob.window.press("Tab", { modifiers: ["Shift"] });
    expect(await bob.window.evaluate("document.activeElement.id")).toBe("name");
    await bob.window.type("Bob");
    await bob.window.press("Enter");
    await waitForPage(bob.window, shows("You are here as Bob"));
    expect(await bob.window.evaluate("document.activeElement.id")).toBe("text");
    await bob.window.type("hel");
    await waitForPage(ada.window, shows("Bob is typing…"));
    await saveScreenshot(ada.window, "chat-typing");
    await bob.window.type("lo");
    await bob.window.press("Enter");
    await waitForPage(ada.window, `${shows("hello")} && !${shows("is typing")}`);
    await bob.window.navigate("about:blank");
    await waitForPage(ada.window, `${shows("1 here")} && ${shows("Bob left")}`);
    expect(await findShifts(ada.window)).toEqual([]);
    expect([...ada.complaints, ...bob.complaints]).toEqual([]);
  },
  30_000,
);

test.skipIf(!hasBrowser)(
  "the chat keeps what is said while the server is away",
  async () => {
    using own = createFolder();
    await using first = await startBinary(["--drain", "0"], { cwd: own.path });
    using checked = await openChecked(`${first.origin}/chat`, phone);
    const { window } = checked;
    await waitForPage(window, isOpen);
    first.signal("SIGTERM");
    await first.exited;
    await waitForPage(window, `!(${isOpen})`);
    await window.type("still here");
    await window.press("Enter");
    await waitForPage(window, shows("1 message waits to be sent"));
    await saveScreenshot(window, "chat-waiting");
    await using second = await startBinary([], { cwd: own.path, port: Number(new URL(first.origin).port) });
    await waitForPage(window, `[...document.querySelectorAll(".own .text")].at(-1)?.textContent === "still here"`);
    expect(await window.evaluate(shows("waits to be sent"))).toBe(false);
    expect(second.printed()).toContain("Listening");
    expect(await findShifts(window)).toEqual([]);
  },
  30_000,
);

test.skipIf(!hasBrowser)(
  "the dashboard plots samples and marks, and is moved through with the keyboard",
  async () => {
    using ada = await openChecked(`${server.origin}/dashboard`, desk);
    using bob = await openChecked(`${server.origin}/dashboard`, desk);
    const points = `(document.querySelector(".line").getAttribute("d").match(/L/g) ?? []).length`;
    await waitForPage(ada.window, `${points} >= 2`);
    await waitForPage(bob.window, isOpen);
    await bob.window.scrollTo("#label");
    await bob.window.click("#label");
    await bob.window.type("deployed");
    await bob.window.press("Enter");
    for (const { window } of [ada, bob]) {
      await waitForPage(window, `document.querySelector("#marks").innerText.includes("deployed")`);
      expect(await window.evaluate(`document.querySelector("path.marks").getAttribute("d")`)).toStartWith("M");
    }
    await saveScreenshot(bob.window, "dashboard-marked");
    await bob.window.type("   ");
    await bob.window.press("Enter");
    await waitForPage(bob.window, shows("The label is empty"));
    await bob.window.evaluate(`document.querySelector("#moment").focus()`);
    await bob.window.press("ArrowLeft");
    await waitForPage(bob.window, shows("1 s ago"));
    expect(await bob.window.evaluate(`document.querySelector("#moment").getAttribute("aria-valuetext")`)).toMatch(
      /^1 s ago, CPU[\d.]+ %, Memory/,
    );
    expect([...ada.complaints, ...bob.complaints]).toEqual([]);
  },
  30_000,
);
