import { expect, test } from "bun:test";
import { join } from "node:path";
import { createFolder } from "../support/folder.ts";
import { root } from "../support/server.ts";

/** The warnings that `steps` write in a process of its own; `at` sets the clock, in seconds. */
async function run(steps: string): Promise<Record<string, unknown>[]> {
  using folder = createFolder({
    "steps.ts": `import { configureLog } from ${JSON.stringify(join(root, "src/core/log.ts"))};
import { ThrottledLog } from ${JSON.stringify(join(root, "src/core/throttled-log.ts"))};
configureLog({ logLevel: "info", logFormat: "json" });
let seconds = 0;
const at = (now: number) => { seconds = now; };
const log = new ThrottledLog(() => seconds * 1000);
${steps}`,
  });
  const child = Bun.spawn([process.execPath, join(folder.path, "steps.ts")], { stdout: "pipe", stderr: "pipe" });
  const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  expect(errors).toBe("");
  return output
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const { level, message, n, more } = JSON.parse(line) as Record<string, unknown>;
      return more === undefined ? { level, message, n } : { level, message, n, more };
    });
}

test("ThrottledLog writes the first line of each kind at once, and one in ten seconds with how many it stands for", async () => {
  const lines = await run(`
for (let n = 0; n < 100; n += 1) log.warning("slow", "Closed a session", { n });
log.warning("full", "Refused a session", { n: 100 });
at(9.999);
log.warning("slow", "Closed a session", { n: 101 });
at(10);
log.warning("slow", "Closed a session", { n: 102 });
log.warning("slow", "Closed a session", { n: 103 });
at(20);
log.warning("slow", "Closed a session", { n: 104 });
at(3600);
log.warning("slow", "Closed a session", { n: 105 });`);
  expect(lines).toEqual([
    { level: "WARNING", message: "Closed a session", n: 0 },
    { level: "WARNING", message: "Refused a session", n: 100 },
    {
      level: "WARNING",
      message: "Closed a session (and 100 more like it since the last such line)",
      n: 102,
      more: 100,
    },
    { level: "WARNING", message: "Closed a session (and 1 more like it since the last such line)", n: 104, more: 1 },
    { level: "WARNING", message: "Closed a session", n: 105 },
  ]);
});
