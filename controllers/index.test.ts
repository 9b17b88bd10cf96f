import { expect, test } from "bun:test";
import { serve } from "hubbub/test";

test("the start page lists the controllers for a program", async () => {
  await using server = await serve();
  const response = await server.get("/", { Accept: "application/json" });
  expect(await response.json()).toContainEqual({
    path: "/chat",
    file: "chat.ts",
    methods: ["GET", "HEAD"],
    webSocket: true,
  });
});
