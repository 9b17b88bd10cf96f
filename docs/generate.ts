import { readFileSync } from "node:fs";
import { join } from "node:path";
import { formatUnit, type UnitOptions } from "../src/cli/unit-file.ts";
import { readConfig } from "../src/core/config.ts";
import { describeSetting, type SettingName, settingSections, variableName } from "../src/core/settings.ts";

import { formatCommandsDoc } from "./commands-page.ts";
import { formatDashboard } from "./grafana.ts";
import { formatMetricsDoc } from "./metrics-page.ts";
import { formatTable } from "./table.ts";

const root = join(import.meta.dir, "..");
const commandsPage = join(import.meta.dir, "commands.md");
const configuration = join(import.meta.dir, "configuration.md");
const metricsPage = join(import.meta.dir, "metrics.md");
const dashboard = join(import.meta.dir, "grafana.json");
/** The pages that show files of the repository. */
export const pagesWithFiles = ["operating.md", "scaling.md"];

const unit = join(root, "deploy/hubbub.service");

const exitCodes = [
  ["0", "stopped in order, or help was printed"],
  ["1", "failed, for example because the port is in use; or a second signal forced the stop"],
  ["2", "the command line is wrong"],
  ["78", "the configuration, the certificate, the controllers folder or a controller is wrong"],
];

/** The text of `docs/configuration.md`: every setting, as the schema in `src/core/settings.ts` describes it. */
export function formatConfigurationDoc(): string {
  return `# Configuration

This page is written by \`bun run docs\` from the schema in [src/core/settings.ts](../src/core/settings.ts).

## Settings

Each setting is a flag of \`hubbub serve\` and of the [commands](commands.md) that say so, a variable of the environment, and a key of \`hubbub.toml\`.

${settingSections.map(formatSection).join("\n\n")}

## Precedence

A flag is stronger than a variable, a variable than \`hubbub.toml\`, and that than the default. A value replaces the weaker one as a whole, a list too. A
list's flag may be given several times; of any other the last one counts. A setting whose default is \`true\`, \`false\` or \`auto\` is a switch: \`--watch\` and \`--no-watch\`
on the command line, \`true\` and \`false\` elsewhere. An empty variable is a value, not an absent one. A \`HUBBUB_*\` variable or a
key that is no setting is an error, so that a wrong letter is found at the start. \`.env\` files are not read by the executable.

## Durations, sizes, lists

- A duration is a number of seconds, or has a unit: \`90\`, \`2ms\`, \`30s\`, \`5m\`, \`1h\`, \`1d\`.
- A size is a number of bytes, or has a unit: \`65536\`, \`64KiB\`, \`1MiB\`, or \`64kB\`, \`1MB\` with thousands. Case does not matter. It is 1 GiB at most.
- A list has commas between its items: \`--origins https://example.com,*.example.org\`. In \`hubbub.toml\` it may also be an array.

An origin is a whole one (\`https://example.com:8443\`), a host name with any scheme and port (\`example.com\`), all names below one (\`*.example.com\`),
or \`*\` for all. The items of \`--trust-proxy\` are addresses, ranges (\`10.0.0.0/8\`), \`loopback\`, or \`private\` for the private IPv4 networks and \`fc00::/7\`.

## hubbub.toml

The file is read from the folder that the process was started in; without it nothing is missing. Beside the settings it may have one table, \`[app]\`, with
anything you like in it: controllers read it as \`app.config\`.

\`\`\`toml
host = "0.0.0.0"
port = 8080
timeout = "10m"
max-message = "256KiB"
origins = ["https://example.com", "*.example.org"]
trust-proxy = ["loopback"]

[app]
title = "The lobby"
rooms = ["red", "blue"]
\`\`\`

## Exit codes

${formatTable(["code", "meaning"], exitCodes)}

[errors.md](errors.md) has every error.

## Signals

SIGTERM and SIGINT stop the server: it opens no more sessions (503, also from \`/-/ready\`), closes those that are open with 1012, spread over \`--drain\` (a hundred take one
second), waits until their \`close\` events have run, ten seconds at most, and ends with 0. A second one ends it at once with 1. SIGHUP loads the controllers again, and the
[certificate](tls.md#renewal).
`;
}

function formatSection({ section, names }: (typeof settingSections)[number]): string {
  const head = ["flag", "variable", "`hubbub.toml`", "default", "meaning"];
  return `### ${section}\n\n${formatTable(head, names.map(toRow))}`;
}

function toRow(name: SettingName): string[] {
  const { description, placeholder, defaultText } = describeSetting(name);
  const names = [`--${name} ${placeholder}`.trim(), variableName(name), name, defaultText];
  return [...names.map((text) => `\`${text}\``), description.replaceAll("*", "\\*")];
}

/** What `hubbub unit` prints in `/srv/hubbub`: the text of `deploy/hubbub.service`. */
export const standardUnit: UnitOptions = {
  executable: ["/usr/local/bin/hubbub"],
  workingDirectory: "/srv/hubbub",
  folder: "/srv/hubbub/controllers",
  user: undefined,
  settings: {},
  config: readConfig(),
  commands: [
    "/usr/local/bin/hubbub unit > /etc/systemd/system/hubbub.service",
    "systemctl daemon-reload && systemctl enable --now hubbub",
  ],
};

/** `page` with each block of code whose fence says `file=PATH` filled with that file of the repository. */
export function fillFiles(page: string): string {
  return page.replaceAll(/^(```\w+ file=(\S+)\n).*?^```$/gms, (_, fence: string, path: string) => {
    return `${fence}${readFileSync(join(root, path), "utf8")}\`\`\``;
  });
}

if (import.meta.main) {
  await Bun.write(commandsPage, formatCommandsDoc());
  await Bun.write(configuration, formatConfigurationDoc());
  await Bun.write(unit, formatUnit(standardUnit));
  await Bun.write(metricsPage, formatMetricsDoc());
  await Bun.write(dashboard, formatDashboard());
  Bun.spawnSync([process.execPath, "fmt", dashboard]);
  for (const name of pagesWithFiles) {
    const page = join(import.meta.dir, name);
    await Bun.write(page, fillFiles(readFileSync(page, "utf8")));
  }
  const written = [commandsPage, configuration, metricsPage, dashboard, unit];
  console.log(`Wrote ${written.join(", ")} and the files in ${pagesWithFiles.join(" and ")}`);
}
