import { expect, test } from "bun:test";
import { serve } from "hubbub/test";

test("a feed pushes an item every five seconds", async () => {
  await using server = await serve();
  await using session = await server.open("/feed");
  for (let items = 0; items < 3; items += 1) {
    await server.clock.advance("5s");
    expect(await session.nextJson()).toMatchObject({ from: "server", title: expect.stringContaining("1 listening") });
  }
});

test("a feed keeps what is posted for those who come later", async () => {
  await using server = await serve();
  const post = (body: string) =>
    server.fetch("/feed", { method: "POST", headers: { "Content-Type": "application/json" }, body });
  expect((await post('{"title": "News"}')).status).toBe(201);
  await using session = await server.open("/feed");
  expect(await session.nextJson()).toMatchObject({ from: "post", title: "News" });
  expect(await (await post("{}")).json()).toMatchObject({ status: 400 });
});
