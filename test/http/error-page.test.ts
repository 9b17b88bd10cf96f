import { expect, test } from "bun:test";
import { describeStatus, errorAnswer } from "../../src/http/error-page.ts";

const request = (accept?: string) =>
  new Request("http://localhost/chat", { headers: accept === undefined ? {} : { accept } });

const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

test.each([undefined, "*/*", "application/json", "application/json, text/html", "text/plain"])(
  "errorAnswer() is JSON for Accept %p",
  async (accept) => {
    const answer = errorAnswer(request(accept), 404, "Nothing here");
    expect(answer.status).toBe(404);
    expect(answer.headers.get("content-type")).toStartWith("application/json");
    expect(await answer.json()).toEqual({ status: 404, message: "Nothing here" });
  },
);

test.each([BROWSER, "text/html", "text/html, application/json"])(
  "errorAnswer() is a page for Accept %p",
  async (accept) => {
    const answer = errorAnswer(request(accept), 404, "Nothing here");
    expect(answer.status).toBe(404);
    expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
    const page = await answer.text();
    expect(page).toStartWith("<!doctype html>");
    expect(page).toContain("<title>404 Not found</title>");
    expect(page).toContain("<h1>404 Not found</h1>");
    expect(page).toContain("<p>Nothing here</p>");
  },
);

test("errorAnswer() escapes the message on the page", async () => {
  const page = await errorAnswer(request(BROWSER), 400, `<script>alert("1")</script>`).text();
  expect(page).not.toContain("<script");
  expect(page).toContain("&lt;script&gt;");
});

test("errorAnswer() says what the status means when nothing more is said", async () => {
  expect(await errorAnswer(request(), 500).json()).toEqual({ status: 500, message: "Something went wrong" });
});

test.each([undefined, BROWSER])("errorAnswer() takes further headers and is not stored: %p", (accept) => {
  const { headers } = errorAnswer(request(accept), 405, "No", { Allow: "GET" });
  expect(headers.get("allow")).toBe("GET");
  expect(headers.get("cache-control")).toBe("no-store");
  expect(headers.get("vary")).toBe("Accept");
});

test.each([
  [400, "Bad request"],
  [403, "Not allowed"],
  [404, "Not found"],
  [405, "Method not allowed"],
  [426, "Upgrade required"],
  [418, "I'm a Teapot"],
  [422, "Unprocessable Entity"],
  [499, "Request refused"],
  [500, "Something went wrong"],
  [599, "Something went wrong"],
])("describeStatus() of %d is %p", (status, text) => {
  expect(describeStatus(status)).toBe(text);
});
