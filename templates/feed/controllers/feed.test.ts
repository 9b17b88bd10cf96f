import { expect, test } from "bun:test";
import { serve, type TestServer } from "hubbub/test";

const post = (server: TestServer, title: string) =>
  server.fetch("/feed", { method: "POST", body: new URLSearchParams({ title }) });

test("what is posted reaches those who read", async () => {
  await using server = await serve();
  await using reader = await server.open("/feed");
  const answer = await post(server, "Hello");
  expect(answer.status).toBe(201);
  expect(await reader.nextJson()).toEqual(await answer.json());
});

test("a post may be JSON", async () => {
  await using server = await serve();
  const headers = { "Content-Type": "application/json" };
  const answer = await server.fetch("/feed", { method: "POST", headers, body: '{"title":"Hello"}' });
  expect(await answer.json()).toMatchObject({ title: "Hello" });
});

test("who comes later is sent the last twenty", async () => {
  await using server = await serve();
  for (let count = 1; count <= 21; count += 1) await post(server, `News ${count}`);
  await using reader = await server.open("/feed");
  expect(await reader.nextJson()).toMatchObject({ title: "News 2" });
});

test("a post without a title is refused", async () => {
  await using server = await serve();
  const answer = await post(server, " ");
  expect(answer.status).toBe(400);
  expect(await answer.json()).toEqual({ message: 'Expected a "title" of 1 to 200 characters' });
});
