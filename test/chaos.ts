import { Random } from "../bench/soak/random.ts";
import { type TestServerProcess, serveFiles } from "./support/binary.ts";
import { Crowd, crowdControllers, EVERYBODY, isReady } from "./support/crowd.ts";
import { startRedis } from "./support/redis.ts";
import { startTcpProxy, type TcpProxy } from "./support/tcp-proxy.ts";
import { waitFor } from "./support/session.ts";

const USAGE = `bun run chaos [SECONDS] [SEED]

  SECONDS  how long; 60 if absent
  SEED     a whole number; a random one if absent

Harms the nodes of a cluster, their network and their Redis, one or two at a time, while 300 sessions talk. Nobody may hear anything twice or
in another order than it was said; and after each harm everybody must hear everything again, and all nodes count right.`;

const NODES = 3;
const SESSIONS = 300;

/** So many sessions at each node say what is counted. */
const SPEAKERS = 10;

const GROUPS = Array.from({ length: 20 }, (_, index) => `group${index}`);

/** From a blink to longer than it takes to notice. */
const LONGEST_HARM_MS = 6000;

/** A node with its own way to Redis. */
type Place = { server: TestServerProcess; network: TcpProxy };

async function harm(seconds: number, seed: number): Promise<boolean> {
  const random = new Random(seed);
  await using redis = await startRedis();
  const serve = (network: TcpProxy) =>
    serveFiles(crowdControllers, [], { environment: { HUBBUB_BUS: `redis://127.0.0.1:${network.port}` } });
  await using all = new AsyncDisposableStack();
  using crowd = new Crowd();
  const places: Place[] = [];
  for (let index = 0; index < NODES; index += 1) {
    const network = all.use(startTcpProxy(redis.port));
    places.push({ network, server: await serve(network) });
  }
  all.defer(async () => {
    for (const { server } of places) await server[Symbol.asyncDispose]();
  });
  const servers = () => places.map(({ server }) => server);
  for (const { server } of places) await crowd.join(server, SESSIONS / NODES, GROUPS);

  const harms: Record<string, (place: Place, ms: number) => Promise<void>> = {
    async "a node stands still"({ server }, ms) {
      server.signal("SIGSTOP");
      await Bun.sleep(ms);
      server.signal("SIGCONT");
    },
    async "a node is killed"(place) {
      crowd.leave(place.server);
      await place.server[Symbol.asyncDispose]();
      place.server = await serve(place.network);
      await crowd.join(place.server, SESSIONS / NODES, GROUPS);
    },
    async "a node is cut off"({ network }, ms) {
      network.cut();
      await Bun.sleep(ms);
      network.mend();
    },
    async "a network carries nothing"({ network }, ms) {
      network.hold();
      await Bun.sleep(ms);
      network.mend();
    },
    async "Redis stands still"(_, ms) {
      redis.pause();
      await Bun.sleep(ms);
      redis.resume();
    },
    async "Redis is killed"(_, ms) {
      await redis.kill();
      await Bun.sleep(ms);
      await redis.restart();
    },
  };

  /** One harm, or two that do not meet. */
  const chooseSteps = () => {
    const first = random.integer(0, NODES - 1);
    const chosen = [first, first + 1].slice(0, random.integer(1, 10) > 7 ? 2 : 1).map((index) => ({
      name: Object.keys(harms)[random.integer(0, Object.keys(harms).length - 1)] ?? "",
      place: places[index % NODES] as Place,
      ms: Math.round(random.next() ** 2 * LONGEST_HARM_MS),
    }));
    return chosen.every(({ name }) => name.startsWith("Redis")) ? chosen.slice(0, 1) : chosen;
  };

  const rest = async () => {
    for (const server of servers()) await waitFor(() => isReady(server), "node that is whole");
    await crowd.agree(servers(), EVERYBODY, SESSIONS);
    const speakers = servers().flatMap((server) => crowd.at(server).slice(0, SPEAKERS));
    await crowd.talk(speakers, 5, crowd.members);
    if (crowd.problems.length > 0) throw new Error(crowd.problems.slice(0, 10).join("\n"));
  };

  const endsAt = performance.now() + seconds * 1000;
  let count = 0;
  let isHarming = true;
  const chatter = (async () => {
    while (isHarming) {
      for (const server of servers()) {
        // Others than those whose words are counted.
        for (const member of crowd.at(server).slice(SPEAKERS, 2 * SPEAKERS)) {
          if (member.socket.readyState === WebSocket.OPEN) crowd.say(member, member.group);
        }
      }
      await Bun.sleep(20);
    }
  })();
  try {
    await rest();
    while (performance.now() < endsAt) {
      const steps = chooseSteps();
      console.log(steps.map(({ name, ms }) => `${name} (${ms} ms)`).join(", "));
      await Promise.all(steps.map(async ({ name, place, ms }) => harms[name]?.(place, ms)));
      await rest();
      count += steps.length;
    }
  } catch (error) {
    console.error(`${String(error)}\n\nTo run it again: bun run chaos ${seconds} ${seed}`);
    for (const { server } of places)
      console.error(
        server
          .log()
          .slice(-15)
          .map(({ message }) => message)
          .join("\n"),
        "\n",
      );
    return false;
  } finally {
    isHarming = false;
    await chatter;
  }
  console.log(
    `${count} harms with the seed ${seed}: nothing came twice or out of order, and everybody hears everybody again`,
  );
  return true;
}

const [time = "60", given] = process.argv.slice(2);
const seconds = Number(time);
const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
if (!(seconds > 0) || !Number.isInteger(seed)) {
  console.error(USAGE);
  process.exit(2);
}
process.exit((await harm(seconds, seed)) ? 0 : 1);
