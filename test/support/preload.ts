import { afterAll } from "bun:test";
import { stopServers } from "./server.ts";

// A test that fails before its `await using` ends must not leave a server behind.
afterAll(stopServers);
