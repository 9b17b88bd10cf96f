import { expect, test } from "bun:test";
import fc from "fast-check";
import { Metrics } from "../../src/core/metrics.ts";
import { Admissions, type AdmissionsOptions } from "../../src/sessions/admissions.ts";

/** No limits but those given, and a clock that the test moves, in seconds. */
function createAdmissions(limits: Partial<AdmissionsOptions>) {
  let seconds = 0;
  const metrics = new Metrics();
  const admissions = new Admissions({
    maxSessions: 0,
    maxSessionsPerAddress: 0,
    maxUpgradesPerSecond: 0,
    metrics,
    now: () => seconds * 1000,
    ...limits,
  });
  return {
    admissions,
    refused: metrics.upgradesRefused,
    wait: (more: number) => (seconds += more),
    /** How many upgrades go through before one is refused. */
    countUpgrades: (most = 100_000) => {
      let begun = 0;
      while (begun < most && admissions.begin("203.0.113.9") === undefined) begun += 1;
      return begun;
    },
  };
}

test("Admissions refuses nobody when every limit is 0", () => {
  const { admissions, refused, countUpgrades } = createAdmissions({});
  for (let n = 0; n < 10_000; n += 1) admissions.add("203.0.113.9");
  expect(countUpgrades(10_000)).toBe(10_000);
  expect(Object.values(refused).every((count) => count === 0)).toBe(true);
});

test("Admissions takes as many sessions as --max-sessions allows, and again as many as have ended", () => {
  const { admissions, refused } = createAdmissions({ maxSessions: 3 });
  for (const address of ["203.0.113.1", "127.0.0.1", "2001:db8::1"]) {
    expect(admissions.begin(address)).toBeUndefined();
    admissions.add(address);
  }
  expect(admissions.begin("203.0.113.2")).toMatchObject({ reason: "max-sessions" });
  expect(admissions.check("203.0.113.2")).toMatchObject({ reason: "max-sessions" });
  expect(refused["max-sessions"]).toBe(2);
  admissions.remove("2001:db8::1");
  expect(admissions.begin("203.0.113.2")).toBeUndefined();
});

test("Admissions counts each address on its own, and forgets what has ended", () => {
  const { admissions, refused } = createAdmissions({ maxSessionsPerAddress: 2 });
  for (let n = 0; n < 2; n += 1) admissions.add("203.0.113.1");
  expect(admissions.begin("203.0.113.1")).toMatchObject({ reason: "max-sessions-per-address" });
  expect(admissions.begin("203.0.113.2")).toBeUndefined();
  admissions.remove("203.0.113.1");
  expect(admissions.begin("203.0.113.1")).toBeUndefined();
  expect(refused).toMatchObject({ "max-sessions-per-address": 1, "max-sessions": 0 });
});

test.each(["127.0.0.1", "127.8.9.1", "::1", ""])("Admissions does not count the address %p", (address) => {
  const { admissions } = createAdmissions({ maxSessionsPerAddress: 1 });
  for (let n = 0; n < 5; n += 1) admissions.add(address);
  expect(admissions.begin(address)).toBeUndefined();
  for (let n = 0; n < 5; n += 1) admissions.remove(address);
});

test.each([
  ["203.0.113.1", "203.0.113.1", true],
  ["203.0.113.1", "203.0.113.2", false],
  ["2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true],
  ["2001:db8:1:2::1", "2001:db8:1:3::1", false],
  ["2001:db8::1", "2001:db8:0:0:5:6:7:8", true],
  ["2001:db8::1", "2001:0DB8:0000::9", true],
  ["2001:db8::1:0:0:0:1", "2001:db8:0:1::9", true],
  ["2001:db8::1:0:0:0:1", "2001:db8::9", false],
  ["::2", "::3:4", true],
  ["1::", "1::8", true],
  ["fe80::1%eth0", "fe80::2%eth0", true],
])("Admissions takes %s and %s for one address: %p", (first, second, isSame) => {
  const { admissions } = createAdmissions({ maxSessionsPerAddress: 1 });
  admissions.add(first);
  expect(admissions.begin(second)?.reason).toBe(isSame ? "max-sessions-per-address" : undefined);
});

test("Admissions is exact after any sessions that came and went", () => {
  const addresses = ["203.0.113.1", "203.0.113.2", "2001:db8::1", "2001:db8::2", "127.0.0.1"];
  const networks = ["203.0.113.1", "203.0.113.2", "2001:db8", "2001:db8", ""];
  fc.assert(
    fc.property(fc.array(fc.record({ at: fc.nat(4), isLeaving: fc.boolean() }), { maxLength: 60 }), (steps) => {
      const { admissions } = createAdmissions({ maxSessions: 8, maxSessionsPerAddress: 3 });
      const open: number[] = [];
      for (const { at, isLeaving } of steps) {
        const address = addresses[at] ?? "";
        const inNetwork = open.filter((other) => networks[other] === networks[at] && networks[at] !== "").length;
        const expected = open.length >= 8 ? "max-sessions" : inNetwork >= 3 ? "max-sessions-per-address" : undefined;
        expect(admissions.begin(address)?.reason).toBe(expected);
        if (isLeaving && open.includes(at)) {
          open.splice(open.indexOf(at), 1);
          admissions.remove(address);
        } else if (expected === undefined) {
          open.push(at);
          admissions.add(address);
        }
      }
    }),
    { seed: 9, numRuns: 300 },
  );
});

test("Admissions lets as many upgrades begin in a second as --max-upgrades allows, and as many in the next", () => {
  const { countUpgrades, wait, refused } = createAdmissions({ maxUpgradesPerSecond: 50 });
  expect(countUpgrades()).toBe(50);
  expect(refused["max-upgrades"]).toBe(1);
  wait(0.1);
  expect(countUpgrades()).toBe(5);
  wait(1);
  expect(countUpgrades()).toBe(50);
});

test("Admissions lets no more upgrades begin after a pause that followed a few", () => {
  const { countUpgrades, wait } = createAdmissions({ maxUpgradesPerSecond: 50 });
  expect(countUpgrades(20)).toBe(20);
  wait(3600);
  expect(countUpgrades()).toBe(50);
});

test("Admissions spends no upgrade on one that is refused for another reason", () => {
  const { admissions, countUpgrades } = createAdmissions({ maxUpgradesPerSecond: 5, maxSessions: 1 });
  admissions.add("203.0.113.1");
  for (let n = 0; n < 10; n += 1) expect(admissions.begin("203.0.113.2")?.reason).toBe("max-sessions");
  admissions.remove("203.0.113.1");
  expect(countUpgrades()).toBe(5);
});

test("Admissions.drain() refuses everybody, whatever else is the matter", () => {
  const { admissions, refused } = createAdmissions({ maxSessions: 1 });
  admissions.add("203.0.113.1");
  admissions.drain();
  expect(admissions.begin("203.0.113.2")?.reason).toBe("draining");
  expect(admissions.check("127.0.0.1")?.reason).toBe("draining");
  expect(refused).toMatchObject({ draining: 2, "max-sessions": 0 });
});

test("Admissions asks those whom it refuses to come back at different times", () => {
  const { admissions } = createAdmissions({ maxSessions: 1 });
  admissions.add("203.0.113.1");
  const seconds = new Set<number>();
  for (let n = 0; n < 200; n += 1) seconds.add(admissions.check("203.0.113.2")?.retryAfterSeconds ?? 0);
  expect(seconds).toEqual(new Set([5, 6, 7, 8, 9]));
});
