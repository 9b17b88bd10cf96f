import { expect, test } from "bun:test";
import { hasBrowser, openWindow, waitForPage } from "../../support/browser.ts";
import { startServer } from "../../support/server.ts";

const token = "0123456789abcdef";

test.skipIf(!hasBrowser)(
  "a person signs in with the form, in a real browser, and sees what is wrong",
  async () => {
    await using server = await startServer({ "a.js": "export const get = () => ({});" }, { "admin-token": token });
    using window = openWindow(server.url("/-/"));
    const signIn = async (given: string) => {
      await window.evaluate(
        `document.querySelector("[name=token]").value = ${JSON.stringify(given)}, document.querySelector("form button").click()`,
      );
    };
    await waitForPage(window, `document.querySelector("form") !== null`);
    await signIn("wrong");
    await waitForPage(window, `document.body.innerText.includes("The token is wrong")`);
    await signIn(token);
    await waitForPage(window, `location.pathname === "/-/" && document.querySelector("[name=token]") === null`);
    expect(await window.evaluate("document.cookie")).toBe("");
    expect(await window.evaluate("location.href")).toBe(server.url("/-/"));
  },
  40_000,
);
