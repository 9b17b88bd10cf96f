import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { readTimes } from "../../bench/process.ts";
import { startServer } from "../../bench/servers.ts";
import { measureStarts } from "../../bench/start.ts";
import { createFolder } from "../support/folder.ts";
import { root } from "../support/server.ts";
import { waitFor } from "../support/session.ts";

// Servers are started, which takes longer beside other tests.
setDefaultTimeout(60_000);

const control = [process.execPath, join(root, "bench/control.ts"), "upgrade"];

const isRunning = (pid: number) => {
  try {
    readTimes(pid);
    return true;
  } catch {
    return false;
  }
};

test("startServer() knows the port and the process, and ends it", async () => {
  let ended = 0;
  {
    await using server = await startServer(control);
    ended = server.pid;
    expect((await fetch(`http://127.0.0.1:${server.port}/collect`)).status).toBe(200);
    expect(isRunning(server.pid)).toBe(true);
  }
  expect(isRunning(ended)).toBe(false);
});

test("startServer() says why a server did not start", async () => {
  const nothing = [process.execPath, join(root, "bench/control.ts"), "nothing"];
  const message = await startServer(nothing).catch((error: Error) => error.message);
  expect(message).toContain('Cannot start the control "nothing": expected room, echo');
  const silent = await startServer(["/bin/true"]).catch((error: Error) => error.message);
  expect(silent).toBe('"/bin/true" did not start');
});

test("startServer()'s servers end with the process that started them", async () => {
  using folder = createFolder({
    "main.ts": `import { startServer } from ${JSON.stringify(join(root, "bench/servers.ts"))};
      const { pid } = await startServer(${JSON.stringify(control)});
      console.log(pid);
      await Bun.sleep(60_000);`,
  });
  const child = Bun.spawn([process.execPath, join(folder.path, "main.ts")], { stdout: "pipe" });
  const { value } = await child.stdout.getReader().read();
  const pid = Number(new TextDecoder().decode(value));
  expect(isRunning(pid)).toBe(true);
  child.kill("SIGTERM");
  await child.exited;
  await waitFor(() => !isRunning(pid), "end of the server");
});

test("measureStarts() measures two commands: time to the first answer, and memory", async () => {
  const outcomes = await measureStarts(control, control, { times: 2, settleMs: 10 });
  for (const { startMs, idleBytes } of outcomes) {
    expect(startMs).toBeGreaterThan(1);
    expect(idleBytes).toBeGreaterThan(5 * 2 ** 20);
  }
});
