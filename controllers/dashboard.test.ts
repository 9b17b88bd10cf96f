import { expect, test } from "bun:test";
import { serve } from "hubbub/test";
import type dashboard from "./dashboard.ts";

test("a dashboard measures the server each second", async () => {
  await using server = await serve();
  await using session = await server.open<typeof dashboard>("/dashboard");
  const history = await session.nextJson();
  expect(history.type).toBe("history");
  await server.clock.advance("2s");
  for (let samples = 0; samples < 2; samples += 1) {
    const next = await session.nextJson();
    expect(next.type === "sample" && next.sample.watching).toBe(1);
  }
});

test("a dashboard shows a mark to everybody, and to those who come later", async () => {
  await using server = await serve();
  await using ada = await server.open<typeof dashboard>("/dashboard");
  await ada.nextJson();
  ada.send({ type: "mark", label: "deployed" });
  expect(await ada.nextJson()).toMatchObject({ type: "mark", mark: { label: "deployed" } });
  await using bob = await server.open<typeof dashboard>("/dashboard");
  expect(await bob.nextJson()).toMatchObject({ marks: [{ label: "deployed" }] });
});

test("a dashboard refuses a mark without a label", async () => {
  await using server = await serve();
  await using session = await server.open("/dashboard");
  await session.next();
  session.send({ type: "mark", label: " " });
  expect(await session.nextJson()).toMatchObject({ error: { issues: [{ message: "The label is empty" }] } });
  expect(session.isOpen).toBe(true);
});
