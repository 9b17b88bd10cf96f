import { afterAll, beforeAll, test } from "bun:test";
import fc from "fast-check";
import { httpProperty } from "../support/fuzz-http.ts";
import { type FuzzServer, startFuzzServer } from "../support/fuzz-server.ts";

let server: FuzzServer;

beforeAll(async () => {
  server = await startFuzzServer();
}, 60_000);

afterAll(() => server[Symbol.asyncDispose]());

test("connections that send any requests in any pieces are answered in order, and never make the server fail", async () => {
  await fc.assert(
    httpProperty(() => server),
    { seed: 9112, numRuns: 150, interruptAfterTimeLimit: 40_000, markInterruptAsFailure: true },
  );
}, 60_000);
