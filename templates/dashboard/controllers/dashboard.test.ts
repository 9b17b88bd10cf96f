import { expect, test } from "bun:test";
import { serve } from "hubbub/test";
import type dashboard from "./dashboard.ts";

test("a page is sent a sample each second", async () => {
  await using server = await serve();
  await using page = await server.open<typeof dashboard>("/dashboard");
  expect(await page.nextJson()).toEqual([]);
  await server.clock.advance("2s");
  const [first] = await page.nextJson();
  const [second] = await page.nextJson();
  expect(first).toMatchObject({ watching: 1, memoryMiB: expect.any(Number) });
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeCloseTo(1000, -2);
});

test("a page that opens later is sent the last minute", async () => {
  await using server = await serve();
  await server.clock.advance("61s");
  await using page = await server.open<typeof dashboard>("/dashboard");
  expect(await page.nextJson()).toHaveLength(60);
});

test("a program may ask for the last minute", async () => {
  await using server = await serve();
  await server.clock.advance("1s");
  expect(await (await server.get("/dashboard")).json()).toHaveLength(1);
});
