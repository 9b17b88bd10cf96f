// A node without members that takes the frames of every group: what one would do if groups were not subscribed to.
import { Cluster } from "../src/bus/cluster.ts";
import { createRedisBus } from "../src/bus/redis.ts";
import { parseBusUrl } from "../src/core/bus-url.ts";
import { systemClock } from "../src/core/clock.ts";
import { configureLog } from "../src/core/log.ts";
import { Metrics } from "../src/core/metrics.ts";
import { ThrottledLog } from "../src/core/throttled-log.ts";
import { Groups } from "../src/groups/groups.ts";

const [url = "", count = "0"] = process.argv.slice(2);
const target = parseBusUrl(url);
if (target === undefined) throw new Error(`No bus at "${url}"`);
configureLog({ logLevel: "error", logFormat: "json" });
const groups = new Groups(() => []);
const cluster = new Cluster({
  coalesceMs: 2,
  clock: systemClock,
  metrics: new Metrics(),
  throttledLog: new ThrottledLog(),
});
cluster.start(createRedisBus({ target, prefix: "hubbub" }), {
  publish: (group) => void groups.find(group),
  send: () => false,
  close: () => false,
  addToGroup: () => false,
  removeFromGroup: () => false,
  sizeOf: () => 0,
  sizes: () => [],
  listMembers: () => [],
  watched: { list: () => [], left: () => {}, returned: () => {} },
});
for (let group = 0; group < Number(count); group += 1) cluster.resize(String(group), 1, 1);
while (cluster.stage !== "up") await Bun.sleep(10);
// The address that whoever starts a server waits for.
console.log("http://127.0.0.1:1/");
