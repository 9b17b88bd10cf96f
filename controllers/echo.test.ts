import { expect, test } from "bun:test";
import { open, serve } from "hubbub/test";

test("an echo sends back text as text and bytes as bytes", async () => {
  await using session = await open("/echo");
  session.send("hello");
  expect(await session.next()).toBe("hello");
  session.send(new Uint8Array([1, 2, 3]));
  expect(await session.next()).toEqual(new Uint8Array([1, 2, 3]));
});

test("an echo is a page to a browser", async () => {
  await using server = await serve();
  const response = await server.get("/echo", { Accept: "text/html" });
  expect(response.headers.get("Content-Type")).toStartWith("text/html");
  expect(await response.text()).toContain("<title>");
});
