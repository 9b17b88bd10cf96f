import { expect, test } from "bun:test";
import { join } from "node:path";
import { buildOnce } from "../support/binary.ts";
import { hasNamespaces } from "../support/namespaces.ts";
import { root } from "../support/server.ts";

const STALLED = 500;
const MAX_BACKLOG_BYTES = 64 * 1024;

test.skipIf(!hasNamespaces)(
  "500 stalled members of a busy group are cut with 4008 again and again, in bounded memory, and one that reads gets everything",
  async () => {
    const script = join(root, "test/support/stalled-client.ts");
    const child = Bun.spawn(["unshare", "-rn", process.execPath, script, String(STALLED)], {
      env: { ...process.env, HUBBUB_TEST_BINARY: await buildOnce() },
      stdout: "pipe",
      stderr: "pipe",
    });
    const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    expect(errors).toBe("");
    const { isComplete, opened, closes, members, grownBytes, warnings } = JSON.parse(output) as {
      isComplete: boolean;
      opened: number;
      closes: Record<string, number>;
      members: number;
      grownBytes: number;
      warnings: string[];
    };
    expect(isComplete).toBe(true);
    expect(Object.keys(closes)).toEqual(["4008 too slow"]);
    const cut = closes["4008 too slow"] ?? 0;
    expect(cut).toBeGreaterThan(100);
    // Beside them there is the one that reads.
    expect(members).toBe(opened - cut + 1);
    // At the most twice the backlog of each at one time, and as much again for the runtime and its garbage.
    expect(grownBytes).toBeLessThan(4 * STALLED * MAX_BACKLOG_BYTES);
    // Of this kind there is one line in ten seconds; a busy machine may have warned of itself.
    expect(warnings.filter((warning) => warning.startsWith("Closed"))).toEqual([
      expect.stringMatching(/^Closed a session that reads too slowly: \d+ bytes were waiting/),
    ]);
  },
  30_000,
);
