import { afterAll, beforeAll, describe, setDefaultTimeout } from "bun:test";
import { createRedisBus } from "../../src/bus/redis.ts";
import { parseBusUrl } from "../../src/core/bus-url.ts";
import { hasRedis, startRedis, type TestRedis } from "../support/redis.ts";
import { testBus } from "./contract.ts";

setDefaultTimeout(30_000);

describe.skipIf(!hasRedis && process.env["CI"] === undefined)("with a Redis", () => {
  let redis: TestRedis;
  let networks = 0;

  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis[Symbol.asyncDispose]());

  testBus("RedisBus", async () => {
    networks += 1;
    const target = parseBusUrl(redis.url);
    if (target === undefined) throw new Error("No target");
    return { open: createRedisBus({ target, prefix: `test-${networks}` }), async [Symbol.asyncDispose]() {} };
  });
});
