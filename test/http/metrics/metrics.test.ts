import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { loopFamilies, processFamilies } from "../../../src/http/metrics/families.ts";
import { createFolder } from "../../support/folder.ts";
import { root, startServer, type TestServer } from "../../support/server.ts";
import { waitFor, withPatience } from "../../support/session.ts";

const token = "0123456789abcdef";

const controllers = {
  "room/[id].js": `import { addToGroup, close, send, sendToGroup } from "hubbub";
export const get = ({ webSocket }) => { if (webSocket) return { webSocket: {} }; throw new Error("as asked"); };
export const webSocketEvent = async ({ type, session: { id }, message }) => {
  if (type === "open") addToGroup("all", id);
  if (message === "all") sendToGroup("all", "12345", { coalesce: 0 });
  if (message === "one") send(id, new Uint8Array(3));
  if (message === "fail") throw new Error("as asked");
  if (message === "slow") await Bun.sleep(60);
  if (message === "close") close(id, 4000);
};`,
};

const start = (flags: Record<string, string> = { "metrics-from": "loopback" }) => startServer(controllers, flags);

const ask = (server: TestServer, headers: Record<string, string> = {}) => server.fetch("/-/metrics", { headers });

/** Every sample by its name and labels as they are written. */
async function scrape(server: TestServer): Promise<Record<string, number>> {
  const answer = await ask(server);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  const lines = (await answer.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(
    lines.map((line) => {
      const end = line.lastIndexOf(" ");
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}

test("/-/metrics tells what was counted and what is", async () => {
  await using server = await start();
  using ada = await server.open("/room/1");
  using bob = await server.open("/room/2");
  ada.send("all");
  ada.send("one");
  expect([await ada.next(), await bob.next()]).toEqual(["12345", "12345"]);
  expect(await ada.next()).toEqual(new Uint8Array(3));
  using eve = await server.open("/room/3");
  eve.send("fail");
  await eve.closed;
  using gone = await server.open("/room/4");
  gone.send("close");
  await gone.closed;
  expect((await server.fetch("/room/1")).status).toBe(500);
  server.folder.write({ "bad.js": "export const get = 7;" });
  await server.app.reload();
  const samples = await scrape(server);
  expect(samples).toMatchObject({
    'hubbub_build_info{version="1.2.3",runtime="Bun 1.4.5"}': 1,
    hubbub_ready: 1,
    hubbub_generation: 1,
    hubbub_sessions: 2,
    hubbub_sessions_opened_total: 4,
    'hubbub_sessions_closed_total{code="1011"}': 1,
    'hubbub_sessions_closed_total{code="4000"}': 1,
    'hubbub_sessions_closed_total{code="1006"}': 0,
    hubbub_messages_received_total: 4,
    hubbub_received_bytes_total: 3 + 3 + 4 + 5,
    hubbub_messages_sent_total: 3,
    hubbub_sent_bytes_total: 5 + 5 + 3,
    hubbub_groups: 1,
    'hubbub_event_errors_total{controller="/room/:id"}': 1,
    'hubbub_request_errors_total{controller="/room/:id"}': 1,
    'hubbub_event_duration_seconds_count{controller="/room/:id",type="open"}': 4,
    'hubbub_event_duration_seconds_count{controller="/room/:id",type="message"}': 4,
    'hubbub_event_duration_seconds_count{controller="/room/:id",type="error"}': 1,
    'hubbub_event_duration_seconds_count{controller="/room/:id",type="close"}': 2,
    'hubbub_reloads_total{result="refused"}': 1,
    'hubbub_reloads_total{result="loaded"}': 0,
    'hubbub_upgrades_refused_total{reason="max-sessions"}': 0,
  });
  expect(samples["process_cpu_seconds_total"]).toBeGreaterThan(0);
  expect(samples["process_resident_memory_bytes"]).toBeGreaterThan(10_000_000);
  expect(Math.abs((samples["process_start_time_seconds"] ?? 0) - (Date.now() / 1000 - process.uptime()))).toBeLessThan(
    2,
  );
  expect(samples["process_open_fds"]).toBeWithin(3, samples["process_max_fds"] ?? 0);
});

test("/-/metrics times what an event awaits", async () => {
  await using server = await start();
  using ada = await server.open("/room/1");
  ada.send("slow");
  ada.send("one");
  await ada.next();
  const samples = await scrape(server);
  const name = 'hubbub_event_duration_seconds_bucket{controller="/room/:id",type="message"';
  expect(samples[`${name},le="0.05"}`]).toBe(1);
  expect(samples[`${name},le="+Inf"}`]).toBe(2);
});

test("/-/metrics tells that the server drains", async () => {
  await using server = await start({ "metrics-from": "loopback", drain: "1" });
  using _ada = await server.open("/room/1");
  const stopped = server.app.stop();
  expect(await scrape(server)).toMatchObject({ hubbub_ready: 0 });
  await stopped;
});

test("/-/metrics has a bounded number of close codes, and grows with neither sessions nor groups", async () => {
  await using server = await start();
  const countLines = async () => (await (await ask(server)).text()).split("\n").length;
  using _first = await server.open("/room/first");
  const before = await countLines();
  const sessions = await Promise.all(Array.from({ length: 50 }, (_, n) => server.open(`/room/${n}`)));
  expect(await countLines()).toBe(before);
  for (let code = 3000; code < 4999; code += 1) server.app.metrics.countClosed(code);
  for (const session of sessions) session.close();
  await waitFor(() => server.app.sessionCount === 1, "end of the sessions");
  const samples = await scrape(server);
  const codes = Object.keys(samples).filter((name) => name.startsWith("hubbub_sessions_closed_total"));
  expect(codes.length).toBeLessThan(90);
  expect(samples['hubbub_sessions_closed_total{code="other"}']).toBeGreaterThan(1900);
});

test.each([
  [{}, {}, 404],
  [{ "metrics-from": "10.0.0.5" }, {}, 404],
  [{ "metrics-from": "loopback" }, {}, 200],
  [{ "metrics-from": "loopback" }, { "X-Forwarded-For": "127.0.0.1" }, 404],
  [{ "metrics-from": "loopback" }, { "X-Real-IP": "203.0.113.9" }, 404],
  [{ "metrics-from": "loopback" }, { Via: "1.1 proxy" }, 404],
  [{ "metrics-from": "loopback", "trust-proxy": "loopback" }, { "X-Forwarded-For": "203.0.113.9" }, 404],
  [{ "metrics-from": "203.0.113.9", "trust-proxy": "loopback" }, { "X-Forwarded-For": "203.0.113.9" }, 200],
  [{ "metrics-from": "203.0.113.9" }, { "X-Forwarded-For": "203.0.113.9" }, 404],
  [{ "admin-token": token }, {}, 401],
  [{ "admin-token": token }, { Authorization: `Bearer ${token}` }, 200],
  [{ "admin-token": token }, { Authorization: `Bearer ${token}-wrong` }, 401],
  [{ "admin-token": token }, { Authorization: `Bearer ${token}`, Origin: "http://evil.example" }, 403],
] as [Record<string, string>, Record<string, string>, number][])(
  "with %j /-/metrics answers %j with %d",
  async (flags, headers, status) => {
    await using server = await start(flags);
    const answer = await ask(server, headers);
    expect(answer.status).toBe(status);
    if (status !== 200) expect(await answer.json()).toEqual({ status, message: expect.stringMatching(/\w/) });
  },
);

test("/-/metrics says how it is turned on", async () => {
  await using server = await start({});
  expect(((await (await ask(server)).json()) as { message: string }).message).toBe(
    "The metrics are not for this address: start the server with --metrics-from, or with an admin token and bring that",
  );
});

/** In CI they must be there: nothing is skipped. */
const hasPrometheus = Bun.which("promtool") !== null || process.env["CI"] !== undefined;

async function runPromtool(args: string[], input: string): Promise<{ code: number; output: string }> {
  const child = Bun.spawn(["promtool", ...args], { stdin: Buffer.from(input), stdout: "pipe", stderr: "pipe" });
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, output: out + err };
}

test.skipIf(!hasPrometheus)("promtool has nothing to say about /-/metrics", async () => {
  await using server = await start();
  using ada = await server.open("/room/1");
  ada.send("one");
  await ada.next();
  await server.fetch("/room/1");
  const text = await (await ask(server)).text();
  for (const { name } of [...loopFamilies, ...processFamilies]) expect(text).toContain(`# TYPE ${name} `);
  expect(await runPromtool(["check", "metrics"], text)).toEqual({ code: 0, output: "" });
});

/** What the dashboard asks, with its variables filled in. */
function listQueries(): string[] {
  const { panels } = JSON.parse(readFileSync(join(root, "docs/grafana.json"), "utf8")) as {
    panels: { targets?: { expr: string }[] }[];
  };
  return panels
    .flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
    .map((expr) =>
      expr.replaceAll("$job", "hubbub").replaceAll("$instance", ".*").replaceAll("$__rate_interval", "1m"),
    );
}

async function findFreePort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const probe = createServer().listen(0, "127.0.0.1", () => {
    const { port } = probe.address() as { port: number };
    probe.close(() => resolve(port));
  });
  return promise;
}

test.skipIf(!hasPrometheus)(
  "a Prometheus scrapes /-/metrics with the token, and understands what the dashboard asks",
  async () => {
    await using server = await start({ "admin-token": token });
    using _ada = await server.open("/room/1");
    const { host } = new URL(server.url("/"));
    using folder = createFolder({
      token,
      "prometheus.yml": `scrape_configs:
  - job_name: hubbub
    scrape_interval: 200ms
    metrics_path: /-/metrics
    static_configs: [{ targets: ["${host}"] }]
    authorization: { credentials_file: token }
`,
    });
    const address = `127.0.0.1:${await findFreePort()}`;
    const args = ["--config.file=prometheus.yml", "--storage.tsdb.path=data", `--web.listen-address=${address}`];
    const child = Bun.spawn(["prometheus", ...args], { cwd: folder.path, stdout: "ignore", stderr: "ignore" });
    try {
      const query = async (expr: string) => {
        const answer = await fetch(`http://${address}/api/v1/query?query=${encodeURIComponent(expr)}`).catch(
          () => undefined,
        );
        // It answers with a text as long as it starts.
        return (await answer?.json().catch(() => undefined)) as
          | {
              status: string;
              error?: string;
              data: { result: { metric: Record<string, string>; value: [number, string] }[] };
            }
          | undefined;
      };
      // It looks for what to scrape every five seconds.
      let found: Awaited<ReturnType<typeof query>>;
      await waitFor(async () => {
        found = await query("hubbub_sessions");
        return (found?.data.result.length ?? 0) > 0;
      }, "sample in Prometheus");
      expect(found?.data.result[0]).toMatchObject({
        metric: { job: "hubbub", instance: host },
        value: [expect.any(Number), "1"],
      });
      const queries = listQueries();
      expect(queries.length).toBeGreaterThan(30);
      for (const expr of queries)
        expect({ expr, error: (await query(expr))?.error }).toEqual({ expr, error: undefined });
    } finally {
      child.kill("SIGKILL");
      await withPatience(child.exited, "end of Prometheus");
    }
  },
  30_000,
);
