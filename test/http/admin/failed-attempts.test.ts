import { expect, test } from "bun:test";
import { FailedAttempts } from "../../../src/http/admin/failed-attempts.ts";

test("FailedAttempts remembers a bounded number of addresses, and forgets the one that failed longest ago", () => {
  const attempts = new FailedAttempts(() => 0);
  const fail = (address: string) => {
    for (let n = 0; n < 10; n += 1) attempts.add(address);
  };
  fail("192.0.2.1");
  fail("192.0.2.2");
  attempts.add("192.0.2.1");
  for (let n = 0; n < 9999; n += 1) attempts.add(`10.0.${n >> 8}.${n & 255}`);
  expect(attempts.countWaitSeconds("192.0.2.1")).toBe(60);
  expect(attempts.countWaitSeconds("192.0.2.2")).toBe(0);
});
