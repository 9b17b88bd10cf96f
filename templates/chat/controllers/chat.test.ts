import { expect, test } from "bun:test";
import { serve } from "hubbub/test";
import type chat from "./chat.ts";

test("what one says, everybody hears", async () => {
  await using server = await serve();
  await using ada = await server.open<typeof chat>("/chat", { query: { name: "Ada" } });
  expect(await ada.nextJson()).toEqual({ type: "here", count: 1 });
  await using bob = await server.open<typeof chat>("/chat");
  expect(await bob.nextJson()).toEqual({ type: "here", count: 2 });
  ada.send({ text: " Hello " });
  expect(await bob.nextJson()).toMatchObject({ type: "said", name: "Ada", text: "Hello" });
});

test("who leaves is not counted any more", async () => {
  await using server = await serve();
  await using ada = await server.open("/chat");
  expect(await ada.nextJson()).toEqual({ type: "here", count: 1 });
  const bob = await server.open("/chat");
  expect(await ada.nextJson()).toEqual({ type: "here", count: 2 });
  bob.close();
  expect(await ada.nextJson()).toEqual({ type: "here", count: 1 });
});

test("an empty message is answered with what is wrong, and reaches nobody", async () => {
  await using server = await serve();
  await using ada = await server.open("/chat");
  await ada.next();
  ada.send({ text: " " });
  expect(await ada.nextJson()).toMatchObject({ error: { code: "not-valid" } });
});

test("a session ends after five minutes of silence", async () => {
  await using server = await serve({ settings: { timeout: "5m", ping: 0 } });
  await using ada = await server.open("/chat");
  await server.clock.advance("301s");
  expect(await ada.closed).toMatchObject({ code: 1001 });
});
