import { expect, test } from "bun:test";
import { getGroupSize } from "hubbub";
import { serve } from "hubbub/test";

test("a chat tells everybody who comes, who says what and who goes", async () => {
  await using server = await serve();
  await using ada = await server.open("/chat", { query: { name: "Ada" } });
  expect(await ada.nextJson()).toMatchObject({ type: "welcome", name: "Ada", size: 1 });
  const bob = await server.open("/chat", { query: { name: "Bob" } });
  expect(await bob.nextJson()).toMatchObject({ type: "welcome", name: "Bob", size: 2 });
  expect(await ada.nextJson()).toEqual({ type: "joined", name: "Bob", size: 2 });

  bob.send("hello");
  expect(await bob.nextJson()).toMatchObject({ type: "message", name: "Bob", text: "hello" });
  expect(await ada.nextJson()).toMatchObject({ type: "message", name: "Bob", text: "hello" });

  bob.close();
  expect(await ada.nextJson()).toMatchObject({ type: "left", name: "Bob", size: 1 });
  expect(getGroupSize("chat")).toBe(1);
});

test("a session that falls silent leaves the chat", async () => {
  await using server = await serve({ settings: { timeout: "300s", ping: 0 } });
  await using ada = await server.open("/chat");
  await server.clock.advance("299s");
  expect(ada.isOpen).toBe(true);
  await server.clock.advance("2s");
  expect(await ada.closed).toEqual({ code: 1001, reason: "idle timeout" });
  expect(getGroupSize("chat")).toBe(0);
});
