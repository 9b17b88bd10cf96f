const DATA_SOURCE = { type: "prometheus", uid: "${datasource}" };

/** What every expression is about. */
const OF = 'job="$job",instance=~"$instance"';

type Query = { expr: string; legend: string };

type Panel = { title: string; unit: string; queries: Query[] };

const rate = (name: string, by: string, more = "") => `sum by (${by}) (rate(${name}{${OF}${more}}[$__rate_interval]))`;

const quantile = (share: number) =>
  `histogram_quantile(${share}, ${rate("hubbub_event_duration_seconds_bucket", "controller, le", ',type="message"')})`;

const rows: { title: string; panels: Panel[] }[] = [
  {
    title: "Sessions",
    panels: [
      {
        title: "Open sessions",
        unit: "short",
        queries: [{ expr: `sum by (instance) (hubbub_sessions{${OF}})`, legend: "{{instance}}" }],
      },
      {
        title: "Opened",
        unit: "ops",
        queries: [{ expr: rate("hubbub_sessions_opened_total", "instance"), legend: "{{instance}}" }],
      },
      {
        title: "Closed, by code",
        unit: "ops",
        queries: [{ expr: `${rate("hubbub_sessions_closed_total", "code")} > 0`, legend: "{{code}}" }],
      },
      {
        title: "Refused",
        unit: "ops",
        queries: [
          { expr: `${rate("hubbub_upgrades_refused_total", "reason")} > 0`, legend: "upgrade: {{reason}}" },
          { expr: `${rate("hubbub_requests_refused_total", "reason")} > 0`, legend: "request: {{reason}}" },
          { expr: `${rate("hubbub_tokens_refused_total", "instance")} > 0`, legend: "token" },
        ],
      },
    ],
  },
  {
    title: "Messages",
    panels: [
      {
        title: "Messages",
        unit: "ops",
        queries: [
          { expr: rate("hubbub_messages_received_total", "instance"), legend: "received {{instance}}" },
          { expr: rate("hubbub_messages_sent_total", "instance"), legend: "sent {{instance}}" },
        ],
      },
      {
        title: "Bytes and characters",
        unit: "Bps",
        queries: [
          { expr: rate("hubbub_received_bytes_total", "instance"), legend: "received {{instance}}" },
          { expr: rate("hubbub_sent_bytes_total", "instance"), legend: "sent {{instance}}" },
        ],
      },
      {
        title: "Groups",
        unit: "short",
        queries: [{ expr: `sum by (instance) (hubbub_groups{${OF}})`, legend: "{{instance}}" }],
      },
      {
        title: "Limits that were met",
        unit: "ops",
        queries: [
          { expr: rate("hubbub_slow_sessions_closed_total", "instance"), legend: "closed: reads too slowly" },
          { expr: rate("hubbub_flooding_sessions_closed_total", "instance"), legend: "closed: sends too much" },
          { expr: rate("hubbub_messages_invalid_total", "instance"), legend: "invalid messages" },
          { expr: rate("hubbub_inboxes_full_total", "instance"), legend: "full inboxes" },
          { expr: rate("hubbub_groups_refused_total", "instance"), legend: "groups refused" },
        ],
      },
    ],
  },
  {
    title: "Controllers",
    panels: [
      {
        title: "Events",
        unit: "ops",
        queries: [
          { expr: rate("hubbub_event_duration_seconds_count", "controller, type"), legend: "{{controller}} {{type}}" },
        ],
      },
      {
        title: "How long a message takes",
        unit: "s",
        queries: [
          { expr: quantile(0.5), legend: "half of {{controller}}" },
          { expr: quantile(0.99), legend: "99 % of {{controller}}" },
        ],
      },
      {
        title: "Errors",
        unit: "ops",
        queries: [
          { expr: rate("hubbub_event_errors_total", "controller"), legend: "events of {{controller}}" },
          { expr: rate("hubbub_request_errors_total", "controller"), legend: "requests to {{controller}}" },
        ],
      },
      {
        title: "Reloads, and the generation",
        unit: "short",
        queries: [
          {
            expr: `sum by (result) (increase(hubbub_reloads_total{${OF}}[$__rate_interval]))`,
            legend: "{{result}}",
          },
          { expr: `max by (instance) (hubbub_generation{${OF}})`, legend: "generation of {{instance}}" },
        ],
      },
    ],
  },
  {
    title: "The process",
    panels: [
      {
        title: "CPU, in cores",
        unit: "short",
        queries: [{ expr: rate("process_cpu_seconds_total", "instance"), legend: "{{instance}}" }],
      },
      {
        title: "Memory",
        unit: "bytes",
        queries: [{ expr: `process_resident_memory_bytes{${OF}}`, legend: "{{instance}}" }],
      },
      {
        title: "Delay of the event loop",
        unit: "s",
        queries: [{ expr: `max by (instance) (hubbub_event_loop_lag_seconds{${OF}})`, legend: "{{instance}}" }],
      },
      {
        title: "Open files",
        unit: "percentunit",
        queries: [{ expr: `process_open_fds{${OF}} / process_max_fds{${OF}}`, legend: "{{instance}}" }],
      },
    ],
  },
  {
    title: "The cluster",
    panels: [
      {
        title: "Ready, and other nodes",
        unit: "short",
        queries: [
          { expr: `min by (instance) (hubbub_ready{${OF}})`, legend: "ready {{instance}}" },
          { expr: `max by (instance) (hubbub_nodes{${OF}})`, legend: "nodes beside {{instance}}" },
        ],
      },
      {
        title: "Frames on the bus",
        unit: "ops",
        queries: [
          { expr: rate("hubbub_bus_frames_sent_total", "instance"), legend: "sent {{instance}}" },
          { expr: rate("hubbub_bus_frames_received_total", "instance"), legend: "received {{instance}}" },
        ],
      },
      {
        title: "Frames that did not come through",
        unit: "ops",
        queries: [
          { expr: rate("hubbub_bus_frames_lost_total", "instance"), legend: "lost {{instance}}" },
          { expr: rate("hubbub_bus_frames_missed_total", "instance"), legend: "missed {{instance}}" },
          { expr: rate("hubbub_bus_frames_malformed_total", "instance"), legend: "malformed {{instance}}" },
        ],
      },
      {
        title: "Versions",
        unit: "short",
        queries: [{ expr: `count by (version) (hubbub_build_info{${OF}})`, legend: "{{version}}" }],
      },
    ],
  },
];

const WIDTH = 6;
const HEIGHT = 8;

/** The text of `docs/grafana.json`. */
export function formatDashboard(): string {
  const panels: object[] = [];
  let y = 0;
  for (const { title, panels: inRow } of rows) {
    panels.push({
      id: panels.length + 1,
      type: "row",
      title,
      collapsed: false,
      gridPos: { h: 1, w: 24, x: 0, y },
      panels: [],
    });
    for (const [index, panel] of inRow.entries()) {
      panels.push(toPanel(panel, panels.length + 1, { h: HEIGHT, w: WIDTH, x: index * WIDTH, y: y + 1 }));
    }
    y += HEIGHT + 1;
  }
  const dashboard = {
    title: "Hubbub",
    uid: "hubbub",
    tags: ["hubbub", "websocket"],
    schemaVersion: 39,
    editable: true,
    graphTooltip: 1,
    refresh: "30s",
    time: { from: "now-1h", to: "now" },
    templating: { list: variables },
    panels,
  };
  return `${JSON.stringify(dashboard, undefined, 2)}\n`;
}

const variables = [
  { name: "datasource", label: "Data source", type: "datasource", query: "prometheus" },
  queryVariable("job", "label_values(hubbub_build_info, job)", {}),
  queryVariable("instance", 'label_values(hubbub_build_info{job="$job"}, instance)', {
    multi: true,
    includeAll: true,
    allValue: ".*",
    current: { text: "All", value: "$__all" },
  }),
];

function queryVariable(name: string, query: string, more: object): object {
  return { name, type: "query", datasource: DATA_SOURCE, query: { query, refId: name }, refresh: 2, sort: 1, ...more };
}

function toPanel({ title, unit, queries }: Panel, id: number, gridPos: object): object {
  return {
    id,
    type: "timeseries",
    title,
    gridPos,
    datasource: DATA_SOURCE,
    fieldConfig: { defaults: { unit, min: 0, custom: { fillOpacity: 10, showPoints: "never" } }, overrides: [] },
    options: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } },
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode("A".charCodeAt(0) + index),
      datasource: DATA_SOURCE,
      expr,
      legendFormat: legend,
    })),
  };
}
