import { afterAll, setDefaultTimeout } from "bun:test";
import { join } from "node:path";
import { prepareTests } from "../../src/testing/environment.ts";
import { root, stopServers } from "./server.ts";

prepareTests({ folder: join(root, "controllers") });

// More than the longest wait, so that a wait that fails says what it waited for.
setDefaultTimeout(20_000);

// A test that fails before its `await using` ends must not leave a server behind.
afterAll(stopServers);
