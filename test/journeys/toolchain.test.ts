import { expect, test } from "bun:test";
import { join } from "node:path";
import { buildOnce } from "../support/binary.ts";
import { hasNamespaces } from "../support/namespaces.ts";
import { root } from "../support/server.ts";

const OFFLINE = ["unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"];

test.skipIf(!hasNamespaces)(
  "the executable alone begins, checks, tests, serves and ships, and so does what it has made: no network, an empty home",
  async () => {
    const client = join(root, "test/support/toolchain-client.ts");
    const child = Bun.spawn([...OFFLINE, process.execPath, client], {
      env: { ...process.env, HUBBUB_TEST_BINARY: await buildOnce() },
      stdout: "pipe",
      stderr: "pipe",
    });
    const [output, errors, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    expect({ output, errors, exitCode }).toEqual({ output: "arrived\n", errors: "", exitCode: 0 });
  },
  60_000,
);
