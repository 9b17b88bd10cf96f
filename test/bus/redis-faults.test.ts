import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { OpenBus } from "../../src/bus/bus.ts";
import { createRedisBus, type RedisBusOptions } from "../../src/bus/redis.ts";
import { parseBusUrl } from "../../src/core/bus-url.ts";
import { findFreePort } from "../support/free-port.ts";
import { createCertificate } from "../support/certificates.ts";
import { createFolder } from "../support/folder.ts";
import { hasRedis, startRedis, type TestRedis } from "../support/redis.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import { encodeText, openTestBus, type TestBus, waitUntilUp } from "../support/test-bus.ts";
import { waitFor } from "../support/session.ts";

/** A silent Redis is taken for lost this soon: a test need not wait long, and a busy machine is not taken for a silent one. */
const SILENCE_MS = 1500;

setDefaultTimeout(30_000);

function redisBus(url: string, options: Partial<RedisBusOptions> = {}): OpenBus {
  const target = parseBusUrl(url);
  if (target === undefined) throw new Error(`No target in ${url}`);
  return createRedisBus({ target, prefix: "test", longestSilenceMs: SILENCE_MS, ...options });
}

/** Two nodes that are up, of which the second has subscribed to a group. */
async function openPair(openBus: OpenBus, openSecond = openBus) {
  const [ada, bob] = [openTestBus(openBus), openTestBus(openSecond)];
  bob.bus.subscribe("chat");
  await waitUntilUp([ada, bob]);
  return {
    ada,
    bob,
    async [Symbol.asyncDispose]() {
      await Promise.all([ada.bus.stop(), bob.bus.stop()]);
    },
  };
}

/** Resolves when a text to the group has come from one to the other. */
async function talk(from: TestBus, to: TestBus, text: string): Promise<void> {
  from.bus.publish("chat", encodeText(from, text));
  await waitFor(() => to.frames.includes(text), `"${text}"`);
}

const isDown = ({ stages }: TestBus) => stages.at(-1) === "down";

describe.skipIf(!hasRedis && process.env["CI"] === undefined)("RedisBus", () => {
  test.concurrent("says that there is no Redis, and is up once there is one", async () => {
    await using redis = await startRedis();
    await redis.kill();
    const ada = openTestBus(redisBus(redis.url));
    await waitFor(() => isDown(ada), "word that there is none");
    expect(ada.reasons[0]).toContain("ECONNREFUSED");
    ada.bus.subscribe("chat");
    ada.bus.broadcast(encodeText(ada, "lost"));
    expect(ada.lost).toBe(1);
    await redis.restart();
    await waitUntilUp([ada]);
    expect(ada.stages).toEqual(["down", "up"]);
    const bob = openTestBus(redisBus(redis.url));
    await waitUntilUp([bob]);
    await talk(bob, ada, "hello");
    await Promise.all([ada.bus.stop(), bob.bus.stop()]);
  });

  test.concurrent("subscribes again after Redis was killed, each time", async () => {
    await using redis = await startRedis();
    await using pair = await openPair(redisBus(redis.url));
    const { ada, bob } = pair;
    for (const text of ["1", "2", "3"]) {
      await talk(ada, bob, text);
      await redis.kill();
      await waitFor(() => isDown(ada) && isDown(bob), "word that it is gone");
      await redis.restart();
      await waitUntilUp([ada, bob]);
    }
    await talk(ada, bob, "4");
    expect(bob.frames).toEqual(["1", "2", "3", "4"]);
    expect(ada.stages).toEqual(["up", "down", "up", "down", "up", "down", "up"]);
  });

  test.concurrent(
    "notices that Redis stands still, loses what it cannot have sent, and delivers nothing twice",
    async () => {
      await using redis = await startRedis();
      await using pair = await openPair(redisBus(redis.url));
      const { ada, bob } = pair;
      await talk(ada, bob, "1");
      redis.pause();
      ada.bus.publish("chat", encodeText(ada, "2"));
      await waitFor(() => isDown(ada) && isDown(bob), "word that it stands still");
      expect(ada.reasons.at(-1)).toBe("nothing was heard of it for 1.5 s");
      expect(ada.lost).toBe(1);
      redis.resume();
      await waitUntilUp([ada, bob]);
      await talk(ada, bob, "3");
      expect(bob.frames.filter((text) => text !== "2")).toEqual(["1", "3"]);
    },
  );

  test.concurrent("keeps no more than it may while Redis stands still", async () => {
    await using redis = await startRedis();
    await using pair = await openPair(redisBus(redis.url, { longestSilenceMs: 30_000 }));
    const { ada } = pair;
    redis.pause();
    const frame = encodeText(ada, "x".repeat(60_000));
    const count = 1000;
    for (let index = 0; index < count; index += 1) ada.bus.publish("chat", frame);
    const kept = count - ada.lost;
    expect((kept * frame.length) / 1024 ** 2).toBeWithin(30, 34);
    redis.resume();
    await waitFor(() => {
      const { lost } = ada;
      ada.bus.publish("chat", encodeText(ada, "after"));
      return ada.lost === lost;
    }, "room for a frame");
    await waitFor(() => pair.bob.frames.includes("after"), "frame after the others");
    expect(pair.bob.frames).toHaveLength(kept + 1);
  });

  test.concurrent(
    "comes back after its own connection was cut or carried nothing, and the other node heard all the time",
    async () => {
      await using redis = await startRedis();
      using network = startTcpProxy(redis.port);
      await using pair = await openPair(redisBus(`redis://127.0.0.1:${network.port}`), redisBus(redis.url));
      const { ada, bob } = pair;
      ada.bus.subscribe("chat");
      for (const harm of ["cut", "hold"] as const) {
        await talk(ada, bob, `before ${harm}`);
        network[harm]();
        await waitFor(() => isDown(ada), `word of the ${harm}`);
        bob.bus.publish("chat", encodeText(bob, `meanwhile ${harm}`));
        network.mend();
        await waitUntilUp([ada]);
        await talk(bob, ada, `after ${harm}`);
      }
      expect(bob.stages).toEqual(["up"]);
      expect(ada.frames.filter((text) => text.startsWith("after"))).toEqual(["after cut", "after hold"]);
    },
  );

  test.concurrent("needs the password, and takes a user", async () => {
    await using redis = await startRedis([
      "--requirepass",
      "se/cret",
      "--user",
      "ada",
      "on",
      ">lovelace",
      "~*",
      "&*",
      "+@all",
    ]);
    const without = openTestBus(redisBus(redis.url));
    const wrong = openTestBus(redisBus(`redis://:wrong@127.0.0.1:${redis.port}`));
    await waitFor(() => isDown(without) && isDown(wrong), "refusals");
    expect(without.reasons[0]).toContain("NOAUTH");
    expect(wrong.reasons[0]).toContain("WRONGPASS");
    await using pair = await openPair(
      redisBus(`redis://:se%2Fcret@127.0.0.1:${redis.port}`),
      redisBus(`redis://ada:lovelace@127.0.0.1:${redis.port}`),
    );
    await talk(pair.ada, pair.bob, "hello");
    await Promise.all([without.bus.stop(), wrong.bus.stop()]);
  });

  test.concurrent("applications with another prefix do not hear each other", async () => {
    await using redis = await startRedis();
    const [ada, bob, eve] = ["one", "one", "two"].map((prefix) => openTestBus(redisBus(redis.url, { prefix })));
    if (ada === undefined || bob === undefined || eve === undefined) throw new Error("No buses");
    await waitUntilUp([ada, bob, eve]);
    for (const { bus } of [bob, eve]) bus.subscribe("chat");
    ada.bus.broadcast(encodeText(ada, "all"));
    ada.bus.sendTo(eve.node, encodeText(ada, "eve"));
    await waitFor(() => bob.frames.length > 0, "frame");
    await talk(ada, bob, "chat");
    expect(eve.frames).toEqual([]);
    await Promise.all([ada, bob, eve].map(({ bus }) => bus.stop()));
  });

  test.concurrent("trusts only the certificates that it is told to", async () => {
    const [authority, other] = [true, true].map((isAuthority) => createCertificate("authority", { isAuthority }));
    const own = createCertificate("redis", authority && { issuer: authority });
    using folder = createFolder({ "chain.pem": own.certificate, "key.pem": own.key });
    const port = String(findFreePort());
    const files = ["--tls-cert-file", `${folder.path}/chain.pem`, "--tls-key-file", `${folder.path}/key.pem`];
    await using _redis = await startRedis(["--tls-port", port, "--tls-auth-clients", "no", ...files]);
    const url = `rediss://127.0.0.1:${port}`;
    const distrusting = openTestBus(redisBus(url, { ca: other?.certificate }));
    await waitFor(() => isDown(distrusting), "refusal");
    await using pair = await openPair(redisBus(url, { ca: authority?.certificate }));
    await talk(pair.ada, pair.bob, "hello");
    await distrusting.bus.stop();
  });

  test.concurrent("finds the master by its sentinels, and the next one after a fail-over", async () => {
    await using first = await startRedis(["--repl-diskless-sync-delay", "0"]);
    await using second = await startRedis(["--replicaof", "127.0.0.1", String(first.port)]);
    using folder = createFolder({
      "sentinel.conf": `sentinel monitor main 127.0.0.1 ${first.port} 1\nsentinel down-after-milliseconds main 300\n`,
    });
    const isSynced = async () => (await second.command("INFO", "replication")).includes("master_link_status:up");
    await waitFor(isSynced, "replica that is in step");
    await using sentinel = await startRedis(["--sentinel"], `${folder.path}/sentinel.conf`);
    const knowsReplica = async () => (await sentinel.command("SENTINEL", "REPLICAS", "main")).length > 0;
    await waitFor(knowsReplica, "sentinel that knows the replica");
    const nobody = findFreePort();
    const url = `redis-sentinel://127.0.0.1:${nobody},127.0.0.1:${sentinel.port}/main`;
    await using pair = await openPair(redisBus(url));
    const { ada, bob } = pair;
    await talk(ada, bob, "1");
    await first.kill();
    await waitFor(async () => (await second.command("ROLE")).includes("master"), "fail-over");
    // The sentinel ends the connections to a Redis that it has promoted: a text may be lost.
    let count = 1;
    await waitFor(() => {
      count += 1;
      ada.bus.publish("chat", encodeText(ada, String(count)));
      return bob.frames.length > 1;
    }, "text by way of the next master");
  });

  test.concurrent("takes any node of a cluster, and one that another node has joined at", async () => {
    const clustered = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"];
    await using first = await startRedis(clustered);
    await using second = await startRedis(clustered);
    await first.command("CLUSTER", "ADDSLOTSRANGE", "0", "8000");
    await second.command("CLUSTER", "ADDSLOTSRANGE", "8001", "16383");
    await first.command("CLUSTER", "MEET", "127.0.0.1", String(second.port));
    const urlOf = ({ port }: TestRedis) => `redis-cluster://127.0.0.1:${port}`;
    await using pair = await openPair(redisBus(urlOf(first)), redisBus(`${urlOf(second)},127.0.0.1:${first.port}`));
    await talk(pair.ada, pair.bob, "hello");
  });

  test.concurrent("stop() ends at once while there is no Redis", async () => {
    const ada = openTestBus(redisBus(`redis://127.0.0.1:${findFreePort()}`));
    await waitFor(() => isDown(ada), "word that there is none");
    const before = performance.now();
    await ada.bus.stop();
    expect(performance.now() - before).toBeLessThan(100);
    ada.bus.subscribe("late");
  });
});
