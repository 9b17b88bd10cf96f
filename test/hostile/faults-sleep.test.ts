import { beforeAll, expect, test } from "bun:test";
import { buildOnce, serveFiles } from "../support/binary.ts";
import { openRaw, parseClose } from "../support/raw.ts";
import { waitFor } from "../support/session.ts";
import { witness } from "../support/witness.ts";

beforeAll(buildOnce, 60_000);

test.concurrent(
  "a server that was stopped for longer than the timeout closes nobody who lives, and accuses no controller",
  async () => {
    const flags = ["--timeout", "2", "--ping", "1", "--no-watch"];
    await using server = await serveFiles(witness, flags);
    const sessions = await Promise.all(Array.from({ length: 50 }, (_, n) => server.open(`/echo?name=${n}`)));
    using silent = await openRaw(`${server.origin}/echo?name=silent`);
    for (const session of sessions) session.send("before");
    for (const session of sessions) expect(await session.next()).toBe("before");

    server.signal("SIGSTOP");
    for (const session of sessions) session.send("meanwhile");
    await Bun.sleep(4000);
    const wokenAt = performance.now();
    server.signal("SIGCONT");

    for (const session of sessions) expect(await session.next()).toBe("meanwhile");
    // Who does not answer is given all of the time that is left, and no more.
    await waitFor(() => silent.ended(), "end of the silent session");
    expect(parseClose(silent.received())).toEqual({ code: 1001, reason: "idle timeout" });
    expect(performance.now() - wokenAt).toBeGreaterThan(1000);
    expect(performance.now() - wokenAt).toBeLessThan(3500);
    for (const session of sessions) {
      session.send("after");
      expect(await session.next()).toBe("after");
      expect(session.waiting).toEqual([]);
      session.close();
    }
    const warnings = server.log().filter(({ level }) => level !== "INFO");
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^The process did not run for [34]\.\d s: it, or the machine, was stopped$/),
    ]);
  },
  20_000,
);

test.concurrent(
  "a session that sent what it may while the server was stopped is not closed for it",
  async () => {
    await using server = await serveFiles(witness, ["--max-message-rate", "20", "--no-watch"]);
    using session = await server.open("/echo");
    const talk = async (count: number) => {
      for (let sent = 0; sent < count; sent += 1) session.send(String(sent));
      for (let sent = 0; sent < count; sent += 1) expect(await session.next()).toBe(String(sent));
    };
    // All that it may send at once.
    await talk(200);
    server.signal("SIGSTOP");
    await Bun.sleep(3000);
    const talking = talk(60);
    server.signal("SIGCONT");
    await talking;
    for (let sent = 0; sent < 200; sent += 1) session.send("too much");
    expect((await session.closed).code).toBe(4029);
  },
  20_000,
);
