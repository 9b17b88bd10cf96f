import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { serveFiles } from "../support/binary.ts";
import { hasNamespaces } from "../support/namespaces.ts";
import { formatFrame, openRaw } from "../support/raw.ts";
import { root } from "../support/server.ts";
import { waitFor, withPatience } from "../support/session.ts";
import { readHeard, startWitness, witness } from "../support/witness.ts";

test.concurrent.skipIf(!hasNamespaces)(
  "a session whose network vanishes ends with 1001 at its timeout, also while the server keeps sending to it",
  async () => {
    const child = Bun.spawn(["unshare", "-rn", process.execPath, join(root, "test/support/vanishing-client.ts")], {
      stdout: "pipe",
      stderr: "pipe",
    });
    const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    expect(errors).toBe("");
    const { seconds, ...seen } = JSON.parse(output) as { seconds: number };
    expect(seen).toEqual({
      isClientOpen: true,
      closes: [
        ["silent", 1001, "idle timeout"],
        ["told", 1001, "idle timeout"],
        ["client", 1001, "idle timeout"],
      ],
      members: 0,
    } as typeof seen);
    expect(seconds).toBeGreaterThan(1);
    expect(seconds).toBeLessThan(4);
  },
  20_000,
);

test.concurrent(
  "sessions whose client is stopped end with 1001 at their timeout, and leave no socket behind",
  async () => {
    await using server = await serveFiles(witness, ["--ping", "1", "--timeout", "2", "--no-watch"]);
    const heard = async () => (await readHeard(server)).heard;
    // A request of the test's own may hold one or two more.
    const countFiles = () => readdirSync(`/proc/${server.pid}/fd`).length;
    const before = countFiles();
    const script = join(root, "test/support/paused-client.ts");
    const client = Bun.spawn([process.execPath, script, `${server.origin}/echo`, "50"], { stdout: "pipe" });
    try {
      const reader = client.stdout.getReader();
      const decoder = new TextDecoder();
      let printed = "";
      const readUntil = async (text: string) => {
        while (!printed.includes(text)) {
          const { value, done } = await withPatience(reader.read(), text);
          if (done) throw new Error(`The client ended: ${printed}`);
          printed += decoder.decode(value);
        }
      };
      await readUntil("open");
      expect(countFiles()).toBeGreaterThanOrEqual(before + 50);
      client.kill("SIGSTOP");
      await waitFor(async () => (await heard()).every(({ closes }) => closes.length > 0), "close events");
      const all = await heard();
      expect(all).toHaveLength(50);
      for (const { opens, closes } of all)
        expect({ opens, closes }).toEqual({ opens: 1, closes: [[1001, "idle timeout"]] });
      await waitFor(() => countFiles() <= before + 2, "end of the sockets");
      client.kill("SIGCONT");
      // Awake again, it finds the close frame that was sent to it.
      await readUntil("]");
      const closed = JSON.parse(printed.slice(printed.indexOf("["))) as unknown[];
      expect(closed).toEqual(Array.from({ length: 50 }, () => ({ code: 1001, reason: "idle timeout" })));
    } finally {
      client.kill("SIGKILL");
      await client.exited;
    }
  },
  20_000,
);

test.concurrent("a session that answers pings stays, though it sends nothing else", async () => {
  await using server = await startWitness({ ping: "1", timeout: "2" });
  using live = await server.open("/echo?name=live");
  using dead = await openRaw(server.url("/echo?name=dead"));
  await waitFor(() => dead.ended(), "end of the silent session");
  expect(live.socket.readyState).toBe(WebSocket.OPEN);
  expect(await server.heard()).toMatchObject([
    { name: "live", closes: [] },
    { name: "dead", closes: [[1001, "idle timeout"]] },
  ]);
});

test.concurrent("a session that ends half of its connection (FIN) is closed once with 1006", async () => {
  await using server = await startWitness();
  using raw = await openRaw(server.url("/echo"));
  raw.socket.write(formatFrame(1, "last words"));
  raw.socket.end();
  expect(await server.settled()).toMatchObject([{ messages: 1, errors: [], closes: [[1006, ""]] }]);
});
