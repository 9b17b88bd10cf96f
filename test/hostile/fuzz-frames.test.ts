import { afterAll, beforeAll, test } from "bun:test";
import fc from "fast-check";
import { framesProperty } from "../support/fuzz-frames.ts";
import { type FuzzServer, startFuzzServer } from "../support/fuzz-server.ts";

let server: FuzzServer;

beforeAll(async () => {
  server = await startFuzzServer();
}, 60_000);

afterAll(() => server[Symbol.asyncDispose]());

test("sessions that send any frames in any pieces are treated as RFC 6455 wants", async () => {
  await fc.assert(
    framesProperty(() => server),
    { seed: 6455, numRuns: 150, interruptAfterTimeLimit: 40_000, markInterruptAsFailure: true },
  );
}, 60_000);
