import { expect, test } from "bun:test";
import type { FactsPart, FactsQuery, NotedPart } from "../../../src/http/admin/inspector/facts.ts";
import { parseCursor } from "../../../src/http/admin/inspector/read-query.ts";
import { uniteParts } from "../../../src/http/admin/inspector/unite-parts.ts";
import { uniteSeries } from "../../../src/http/admin/inspector/unite-series.ts";

const series = (at: number[], sessions: number[] = at.map(() => 1)) => ({
  at,
  sessions,
  received: at.map(() => 10),
  sent: at.map(() => 20),
  lagMs: sessions,
  memoryBytes: at.map(() => 1000),
});

const noted = (source: string, more: Partial<NotedPart> = {}): NotedPart => ({
  source,
  lines: [],
  faults: [],
  lastFault: "",
  ...more,
});

const part = (source: string, more: Partial<FactsPart> = {}): FactsPart => ({
  ...noted(source),
  series: series([]),
  controllers: [],
  ...more,
});

const nothingKnown: FactsQuery = { after: { second: 0, lines: {} } };

const line = (number: number, at: number) => ({
  number,
  at,
  level: "info" as const,
  text: `${number}`,
  isController: false,
});

const fault = (controller: string, at: number) => ({ controller, at, generation: 1, text: `${at}`, count: 1 });

test("uniteSeries() adds up what is sampled at moments of their own, a sample a second", () => {
  const parts = [series([10.1, 11.1, 12.1, 13.1], [1, 2, 3, 4]), series([10.9, 11.9, 12.9], [10, 20, 30])];
  expect(uniteSeries(parts, { after: 0, until: 13 })).toEqual({
    at: [11, 12, 13],
    sessions: [11, 22, 33],
    received: [20, 20, 20],
    sent: [40, 40, 40],
    lagMs: [10, 20, 30],
    memoryBytes: [1000, 1000, 1000],
  });
  expect(uniteSeries(parts, { after: 12, until: 13 }).at).toEqual([13]);
  expect(uniteSeries([], { after: 0, until: 13 }).at).toEqual([]);
});

test("uniteSeries() goes on with the last sample of who is held for a moment, and not of who is gone", () => {
  const parts = [series([10, 11, 12, 13, 14, 15, 16, 17, 18]), series([10, 11], [5, 5])];
  expect(uniteSeries(parts, { after: 9, until: 18 }).sessions).toEqual([6, 6, 6, 6, 6, 6, 6, 1, 1]);
});

test("uniteParts() puts the lines of all threads in order, and knows which of them the page has", () => {
  const parts = [
    part("a", { lines: [line(1, 100), line(2, 300)] }),
    noted("b", { lines: [line(7, 200)], lastFault: "Cannot load" }),
  ];
  const first = uniteParts(parts, nothingKnown, 5000);
  expect(first.lines.map(({ text }) => text)).toEqual(["1", "7", "2"]);
  expect(first).toMatchObject({ isAnew: true, lastFault: "Cannot load" });
  const after = parseCursor(first.cursor);
  expect(after.lines).toEqual({ a: 2, b: 7 });
  const second = uniteParts([part("a", { lines: [line(3, 400)] })], { after }, 6000);
  expect(second.isAnew).toBe(false);
  // "b" did not answer in time: what it has said is not told again when it does.
  expect(parseCursor(second.cursor).lines).toEqual({ b: 7, a: 3 });
  expect(uniteParts([part("c")], { after }, 7000).isAnew).toBe(true);
});

test("uniteParts() has the sessions of a controller on all threads, and its last fault on any", () => {
  const info = { path: "/a", file: "a.ts", methods: ["GET"], webSocket: true };
  const parts = [
    part("a", { controllers: [{ ...info, sessions: 3 }], faults: [fault("a.ts", 5), fault("b.ts", 9)] }),
    part("b", { controllers: [{ ...info, sessions: 4 }], faults: [fault("a.ts", 7)] }),
  ];
  const { controllers, faults } = uniteParts(parts, nothingKnown, 5000);
  expect(controllers).toEqual([{ ...info, sessions: 7 }]);
  expect(faults).toEqual([fault("b.ts", 9), fault("a.ts", 7)]);
});

test("uniteParts() has each group once, and the part of them that is wanted", () => {
  const group = (name: string, messages: number) => ({ name, size: 2, messages, messageSize: messages });
  const query: FactsQuery = { ...nothingKnown, groups: { sort: "-messages", offset: 1, limit: 1 }, group: "x" };
  const parts = [
    part("a", { groups: { total: 3, rows: [group("x", 9), group("y", 5)] } }),
    part("b", { groups: { total: 3, rows: [group("y", 7), group("z", 1)] }, group: group("x", 3) }),
  ];
  const { groups, group: one } = uniteParts(parts, query, 5000);
  expect(groups).toEqual({ total: 3, rows: [group("y", 7)] });
  expect(one).toEqual(group("x", 3));
  expect(uniteParts([part("a")], query, 5000).group).toBeNull();
});
