import { eventBounds } from "../src/core/event-times.ts";
import { loopFamilies, processFamilies } from "../src/http/metrics/families.ts";
import { formatTable } from "./table.ts";

const head = ["metric", "type", "labels", "what it is"];

type Families = readonly { name: string; type: string; labels: readonly string[]; help: string }[];

function formatFamilies(families: Families): string {
  const rows = families.map(({ name, type, labels, help }) => [
    `\`${name}\``,
    type,
    labels.map((label) => `\`${label}\``).join(", "),
    help,
  ]);
  return formatTable(head, rows);
}

/** The text of `docs/metrics.md`: every metric, from the tables that `/-/metrics` is made from. */
export function formatMetricsDoc(): string {
  return `# Metrics

This page is written by \`bun run docs\` from the tables in [src/http/metrics/families.ts](../src/http/metrics/families.ts).

\`/-/metrics\` tells [Prometheus](https://prometheus.io) and whatever reads its text format how the server is. [grafana.json](grafana.json) is a dashboard for all of it: in Grafana, "Import", and choose the data source.

## Who may read them

Whoever has the [admin token](api.md#access), and who asks from an address in \`--metrics-from\`; nobody else, so that they are not public by mistake. \`--metrics-from loopback\` is for a Prometheus on the same machine,
\`--metrics-from 10.0.0.5\` for one elsewhere, \`--metrics-from 0.0.0.0/0,::/0\` for everybody. A request that a proxy has passed on comes from the client's address if the proxy is in
[\`--trust-proxy\`](operating.md#behind-a-proxy), and from nobody if it is not: a proxy that says nothing in \`X-Forwarded-For\`, \`Forwarded\`, \`Via\` or \`X-Real-IP\` cannot be told from a client on its machine, so
have it answer \`/-/metrics\` with 404 itself.

\`\`\`yaml
scrape_configs:
  - job_name: hubbub
    metrics_path: /-/metrics
    static_configs:
      - targets: ["127.0.0.1:3000"]
    # Not needed if this machine is in --metrics-from.
    authorization:
      credentials_file: /etc/hubbub/admin-token
\`\`\`

Who scrapes needs no more than the metrics: an address in \`--metrics-from\` is better than the token, which may do everything.

## Of each event loop

With [\`--workers\`](scaling.md) each of these has the label \`worker\` as well: a worker that is replaced counts from 0 again. \`sum without (worker) (…)\` adds them up.

${formatFamilies(loopFamilies)}

- No label names a session, a group, an address or a user: however many there are, the number of series stays the same. \`controller\` is a path pattern, \`/room/:id\`. The first 64 close codes have a series each, those that
  clients make up after that are \`other\`.
- \`hubbub_requests_refused_total\` does not have what the runtime refuses by itself: a body whose \`Content-Length\` is above \`--max-message\`, malformed requests.
- The bounds of \`hubbub_event_duration_seconds\` are ${eventBounds.join(", ")} seconds. Up to a thousand events a second of a controller and type are timed each; above that one in 128, which then counts for 128:
  two looks at the clock cost a quarter of what a small event costs. \`hubbub_messages_received_total\` is exact.
- Everything else is counted as it happens, in plain numbers, and read only when somebody asks.

## Of the process

${formatFamilies(processFamilies)}

## What to ask

\`\`\`promql
sum by (instance) (rate(hubbub_messages_sent_total[5m]))
sum by (code) (rate(hubbub_sessions_closed_total[5m]))
histogram_quantile(0.99, sum by (controller, le) (rate(hubbub_event_duration_seconds_bucket{type="message"}[5m])))
\`\`\`

Worth an alert:

\`\`\`promql
hubbub_ready == 0
sum without (worker) (rate(hubbub_event_errors_total[5m])) > 0
max without (worker) (hubbub_event_loop_lag_seconds) > 0.5
sum without (worker) (increase(hubbub_slow_sessions_closed_total[5m])) > 100
increase(hubbub_reloads_total{result="refused"}[5m]) > 0
process_open_fds / process_max_fds > 0.9
\`\`\`
`;
}
