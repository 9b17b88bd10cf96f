import { expect, test } from "bun:test";
import { serve, type TestServer } from "hubbub/test";
import type tasks from "./tasks/index.ts";

function request(server: TestServer, method: string, path: string, body?: unknown): Promise<Response> {
  const headers = { "Content-Type": "application/json" };
  return server.fetch(path, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
}

test("a task is added, changed and removed", async () => {
  await using server = await serve();
  expect((await request(server, "POST", "/tasks", { title: "Learn" })).status).toBe(201);
  const changed = await request(server, "PATCH", "/tasks/1", { done: true });
  expect(await changed.json()).toEqual({ id: 1, title: "Learn", done: true });
  expect(await (await server.get("/tasks")).json()).toHaveLength(1);
  expect((await request(server, "DELETE", "/tasks/1")).status).toBe(204);
  expect((await server.get("/tasks/1")).status).toBe(404);
});

test("a session hears every change", async () => {
  await using server = await serve();
  await using page = await server.open<typeof tasks>("/tasks");
  expect(await page.nextJson()).toEqual({ type: "all", tasks: [] });
  await request(server, "POST", "/tasks", { title: "Learn" });
  expect(await page.nextJson()).toEqual({ type: "set", task: { id: 1, title: "Learn", done: false } });
  await request(server, "DELETE", "/tasks/1");
  expect(await page.nextJson()).toEqual({ type: "removed", id: 1 });
});

test.each([
  [undefined, "The body is missing"],
  [{ title: "" }, "title: Invalid length: Expected >=1 but received 0"],
  [{ title: "Learn", colour: "red" }, 'colour: Invalid key: Expected never but received "colour"'],
])("a bad task is refused: %j", async (body, message) => {
  await using server = await serve();
  const answer = await request(server, "POST", "/tasks", body);
  expect([answer.status, await answer.json()]).toEqual([400, { message }]);
});
