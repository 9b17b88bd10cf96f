import { beforeAll, describe, expect, test } from "bun:test";
import { buildOnce, serveFiles } from "../support/binary.ts";
import { askSize, Crowd, crowdControllers, EVERYBODY, isReady } from "../support/crowd.ts";
import { listExamples } from "../support/examples.ts";
import { hasRedis, startRedis } from "../support/redis.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import { waitFor } from "../support/session.ts";

beforeAll(buildOnce, 60_000);

const GROUPS = Array.from({ length: 20 }, (_, index) => `group${index}`);

const SESSIONS = 300;

describe.skipIf(!hasRedis && process.env["CI"] === undefined)("a cluster of three nodes", () => {
  test("300 sessions hear each other once and in order, through all that happens to nodes, network and Redis", async () => {
    await using redis = await startRedis();
    using network = startTcpProxy(redis.port);
    const serve = (port: number) =>
      serveFiles(crowdControllers, [], { environment: { HUBBUB_BUS: `redis://127.0.0.1:${port}` } });
    const [ada, bob, eve, doomed] = await Promise.all([
      serve(redis.port),
      serve(redis.port),
      serve(network.port),
      serve(redis.port),
    ]);
    await using _ada = ada;
    await using _bob = bob;
    await using _eve = eve;
    await using _doomed = doomed;
    const nodes = [ada, bob, eve];
    using crowd = new Crowd();
    await Promise.all(nodes.map((node) => crowd.join(node, SESSIONS / nodes.length, GROUPS)));
    const { members } = crowd;
    const everybody = [...members];
    // Ten of each node, in ten groups.
    const speakers = nodes.flatMap((node) => crowd.at(node).slice(0, 10));

    // Everything is well.
    await crowd.join(doomed, 20, GROUPS);
    await crowd.agree([...nodes, doomed], EVERYBODY, SESSIONS + 20);
    await crowd.talk([...speakers, ...crowd.at(doomed).slice(0, 5)], 20, members);
    const { members: listed } = await askSize(ada, "group3");
    expect(new Set(listed.map(({ id }) => id)).size).toBe(SESSIONS / GROUPS.length + 1);

    // A node is killed; the others forget it within five seconds, while the rest goes on.
    doomed.signal("SIGKILL");
    const killedAt = performance.now();
    const isForgotten = Promise.all(nodes.map((node) => node.logged("silent and was forgotten"))).then(
      () => performance.now() - killedAt,
    );

    // A node stands still: the others go on, and its sessions hear all of it when it comes back.
    bob.signal("SIGSTOP");
    const others = [...crowd.at(ada), ...crowd.at(eve)];
    const fromOthers = speakers.filter(({ node }) => node !== bob);
    await crowd.talk(fromOthers, 10, others);
    bob.signal("SIGCONT");
    const [first] = fromOthers;
    const isCaughtUp = () =>
      crowd.at(bob).every(({ group, heard }) => group !== first?.group || heard.get(`${group} ${first.name}`) === 30);
    await waitFor(isCaughtUp, "what was said while the node stood still");
    await crowd.talk(speakers, 5, everybody);

    // Redis stands still for a moment: everything comes, later.
    redis.pause();
    const talk = crowd.talk(speakers, 5, everybody);
    await crowd.talk([], 0, []);
    redis.resume();
    await talk;

    // One node is cut off from Redis: it talks with itself, the others with each other.
    network.cut();
    await eve.logged("The bus is down");
    expect(await (await eve.fetch("/-/ready")).json()).toEqual({ status: "not ready", reason: "bus down" });
    const together = [...crowd.at(ada), ...crowd.at(bob)];
    await crowd.talk(crowd.at(ada, bob).slice(0, 10), 10, together);
    await crowd.talk(crowd.at(eve).slice(0, 10), 10, crowd.at(eve));
    network.mend();
    await waitFor(() => isReady(eve), "node that is whole again");
    expect((await isForgotten) / 1000).toBeLessThan(5.5);
    await crowd.agree(nodes, EVERYBODY, SESSIONS);
    await crowd.talk(speakers, 10, everybody);
    expect((await eve.logged("The bus is up after")).message).toMatch(
      /: [1-9]\d* frames for other nodes did not leave$/,
    );

    // Redis is killed, with all that it knew: each node talks with itself, and then they find each other again.
    await redis.kill();
    await Promise.all(nodes.map((node) => waitFor(async () => !(await isReady(node)), "word that Redis is gone")));
    for (const node of nodes) await crowd.talk(crowd.at(node).slice(0, 5), 10, crowd.at(node));
    await redis.restart();
    await Promise.all(nodes.map((node) => waitFor(() => isReady(node), "node that is whole again")));
    await crowd.agree(nodes, EVERYBODY, SESSIONS);
    await crowd.talk(speakers, 10, everybody);
    expect(crowd.problems).toEqual([]);
  }, 60_000);

  test("the chat of the README is one chat on two nodes, and a node that stops leaves at once", async () => {
    await using redis = await startRedis();
    const options = { environment: { HUBBUB_BUS: redis.url } };
    const files = listExamples("README.md");
    await using ada = await serveFiles(files, ["--drain", "0"], options);
    await using bob = await serveFiles(files, ["--workers", "2", "--drain", "0"], options);
    await Promise.all([ada, bob].map((node) => waitFor(() => isReady(node), "node that is whole")));
    await ada.logged("3 nodes now");
    const sessions = [await ada.open("/chat")];
    // The system chooses the worker: sessions come until both have one.
    while (!(await redis.command("PUBSUB", "NUMSUB", "hubbub:group:chat")).endsWith(":3\r\n"))
      sessions.push(await bob.open("/chat"));
    for (const session of sessions) expect(await session.next()).toBe("You have joined the chat.");
    for (const [index, session] of sessions.entries()) {
      session.send(`hello from ${index}`);
      for (const each of sessions) expect(await each.next()).toBe(`hello from ${index}`);
    }
    bob.signal("SIGTERM");
    await ada.logged("1 node now");
    expect(ada.log().some(({ message }) => message.includes("silent"))).toBe(false);
  }, 30_000);
});
