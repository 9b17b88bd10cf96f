import { afterAll } from "bun:test";
import { join } from "node:path";
import { prepareTests } from "../../src/testing/environment.ts";
import { root, stopServers } from "./server.ts";

prepareTests({ folder: join(root, "controllers") });

// A test that fails before its `await using` ends must not leave a server behind.
afterAll(stopServers);
