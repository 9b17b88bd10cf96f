import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { formatCommandsDoc } from "../docs/commands-page.ts";
import { fillFiles, formatConfigurationDoc, pagesWithFiles, standardUnit } from "../docs/generate.ts";
import { formatDashboard } from "../docs/grafana.ts";
import { formatMetricsDoc } from "../docs/metrics-page.ts";
import manifest from "../package.json" with { type: "json" };
import { formatUnit } from "../src/cli/unit-file.ts";
import { faultCodes } from "../src/core/errors.ts";
import { logFields } from "../src/core/log-fields.ts";
import { loopFamilies, processFamilies } from "../src/http/metrics/families.ts";
import { closeCodes } from "../src/sessions/close-codes.ts";
import { listExamples } from "./support/examples.ts";
import { root, startServer } from "./support/server.ts";

const pages = [
  "README.md",
  "SECURITY.md",
  ...readdirSync(join(root, "docs"))
    .filter((file) => file.endsWith(".md"))
    .map((file) => `docs/${file}`),
];

const read = (file: string) => readFileSync(join(root, file), "utf8");

/** A page without its code, where a "#" or a bracket means something else. */
const readProse = (file: string) => read(file).replaceAll(/^```.*?^```$/gms, "");

/** The fragment of a heading, as GitHub makes it. */
const toFragment = (heading: string) =>
  heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_\- ]/gu, "")
    .replaceAll(" ", "-");

const listHeadings = (file: string) =>
  [...readProse(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading.trim());

/** The links of a page that lead to a file of the repository. */
const listLinks = (file: string) =>
  [...readProse(file).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target));

test("docs/configuration.md is what docs/generate.ts makes", () => {
  expect(read("docs/configuration.md")).toBe(formatConfigurationDoc());
});

test("docs/commands.md is what docs/generate.ts makes", () => {
  expect(read("docs/commands.md")).toBe(formatCommandsDoc());
});

test("docs/metrics.md is what docs/generate.ts makes", () => {
  expect(read("docs/metrics.md")).toBe(formatMetricsDoc());
});

test("docs/grafana.json is what docs/generate.ts makes", () => {
  expect(JSON.parse(read("docs/grafana.json"))).toEqual(JSON.parse(formatDashboard()));
});

test("docs/grafana.json and docs/metrics.md name every metric, and no other", () => {
  const known = [...loopFamilies, ...processFamilies];
  const listNames = (text: string) =>
    new Set(
      [...text.matchAll(/\b(?:hubbub|process)_[a-z_]+/g)].map(([name]) =>
        known.some((family) => family.name === name) ? name : name.replace(/_(bucket|sum|count)$/, ""),
      ),
    );
  const names = known.map(({ name }) => name).sort();
  expect([...listNames(read("docs/metrics.md"))].sort()).toEqual(names);
  // A dashboard has no use for the time of the start.
  expect([...listNames(read("docs/grafana.json")), "process_start_time_seconds"].sort()).toEqual(names);
});

test("deploy/hubbub.service is what docs/generate.ts makes", () => {
  expect(read("deploy/hubbub.service")).toBe(formatUnit(standardUnit));
});

test("docs/errors.md has a heading for each code, in the table's order", () => {
  const codes = listHeadings("docs/errors.md").filter((heading) => /^[A-Z_]+$/.test(heading));
  expect(codes).toEqual(Object.keys(faultCodes));
});

test("docs/errors.md gives each code its exit code", () => {
  for (const [code, exitCode] of Object.entries(faultCodes)) {
    const section = read("docs/errors.md").split(`## ${code}\n`)[1]?.split("\n## ")[0];
    expect(/exit code (\d+)/i.exec(section ?? "")?.[1], code).toBe(String(exitCode));
  }
});

test("docs/controllers.md has the table of close codes", () => {
  const rows = [...read("docs/controllers.md").matchAll(/^\| (\d{4}) +\| (.+?) +\| (yes|no) +\|$/gm)];
  const listed = rows.map(([, code, meaning, again]) => [code, { meaning, reconnect: again === "yes" }] as const);
  expect(listed).toEqual(Object.entries(closeCodes));
});

test("docs/logging.md has the table of fields", () => {
  const table = read("docs/logging.md").split("## Fields\n")[1]?.split("\n## ")[0] ?? "";
  const rows = [...table.matchAll(/^\| `(\w+)` +\| (.+?) +\|$/gm)].map(([, name, meaning]) => [name, meaning]);
  expect(rows).toEqual(Object.entries(logFields));
});

test("docs/dependencies.md has a heading for each dependency", () => {
  const { dependencies, devDependencies } = manifest;
  const names = Object.keys({ ...dependencies, ...devDependencies });
  const headings = listHeadings("docs/dependencies.md").filter((heading) => heading.startsWith("`"));
  expect(headings.sort()).toEqual(names.map((name) => `\`${name}\``).sort());
});

test.each(pages)("%s links to files and headings that exist", (page) => {
  const broken = listLinks(page).filter((target) => {
    const [path = "", fragment] = target.split("#");
    const file = path === "" ? page : join(dirname(page), path);
    if (!existsSync(resolve(root, file))) return true;
    return fragment !== undefined && !listHeadings(file).map(toFragment).includes(fragment);
  });
  expect(broken).toEqual([]);
});

test("docs/path.md names what the files that it links to have", () => {
  const named = [...read("docs/path.md").matchAll(/\[`([\w.]+)`\]\(\.\.\/(src\/\S+?\.ts)\)/g)];
  expect(named.length).toBeGreaterThan(30);
  for (const [, symbol = "", file = ""] of named) {
    for (const part of symbol.split(".")) expect(read(file)).toMatch(new RegExp(`\\b${part}\\b`));
  }
});

test("SECURITY.md names for each promise tests that are there", () => {
  const [, promises = ""] = /^## What is promised\n(.*?)^## /ms.exec(read("SECURITY.md")) ?? [];
  const rows = [...promises.matchAll(/^\| (?!-|promise)(.+?) +\| (.+?) +\|$/gm)];
  expect(rows.length).toBeGreaterThan(10);
  for (const [, promise = "", attacks = ""] of rows) {
    const named = [...attacks.matchAll(/\]\((\S+)\)((?:,? "[^"]+")+)/g)];
    expect(named.length, promise).toBeGreaterThan(0);
    for (const [, file = "", names = ""] of named) {
      for (const [, name = ""] of names.matchAll(/"([^"]+)"/g)) expect(read(file)).toContain(name);
    }
  }
});

test("the pages show every file of deploy/ as it is", () => {
  const pages = pagesWithFiles.map((name) => read(`docs/${name}`));
  for (const page of pages) expect(page).toBe(fillFiles(page));
  const shown = pages.flatMap((page) => [...page.matchAll(/^```\w+ file=(\S+)$/gm)].map(([, file = ""]) => file));
  const files = [...new Bun.Glob("**/*").scanSync(join(root, "deploy"))].filter((file) => !file.endsWith(".ts"));
  expect(shown.sort()).toEqual(files.map((file) => `deploy/${file}`).sort());
});

test("docs/controllers.md has examples that load together", async () => {
  const examples = listExamples("docs/controllers.md");
  expect(Object.keys(examples).length).toBeGreaterThan(15);
  await using server = await startServer(examples);
  const page = await server.fetch("/page?name=<Ada>");
  expect(await page.text()).toBe("<h1>Hello, &lt;Ada&gt;</h1>");
  using talk = await server.open("/talk?name=Ada");
  talk.send('{"text":" hello "}');
  expect(await talk.nextJson()).toEqual({ from: "Ada", text: "hello" });
  talk.send('{"text":7}');
  const shown = /^```json\n(\{\n {2}"error": .*?)^```$/ms.exec(read("docs/controllers.md"))?.[1] ?? "";
  expect(await talk.nextJson()).toEqual(JSON.parse(shown));
  using table = await server.open("/table/6?name=Ada");
  expect(await table.next()).toBe("Welcome to table 7, Ada");
  using clock = await server.open("/clock");
  expect(await clock.nextJson()).toEqual({ at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) });
});

test("docs/authentication.md has examples that load together", async () => {
  await using server = await startServer(listExamples("docs/authentication.md"));
  const post = (id: string, password: string) =>
    server.fetch("/token", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ id, password }),
    });
  expect((await post("ada", "wrong")).status).toBe(401);
  const { token } = (await (await post("ada", "lovelace")).json()) as { token: string };
  expect((await server.fetch("/token")).status).toBe(401);
  expect((await server.fetch("/token", { headers: { Authorization: `Bearer ${token}` } })).status).toBe(200);
  using ada = await server.open("/chat", { headers: { Authorization: `Bearer ${token}` } });
  expect(await ada.nextJson()).toEqual({ type: "welcome", name: "Ada" });
  expect(await (await server.fetch("/greeting")).text()).toBe("Hello, stranger");
  using printer = await server.open("/key", { headers: { Cookie: "key=7f3a90c1" } });
  expect(printer.socket.readyState).toBe(WebSocket.OPEN);
});

test("README.md has a chat that greets and talks to all", async () => {
  await using server = await startServer(listExamples("README.md"));
  using ada = await server.open("/chat");
  expect(await ada.next()).toBe("You have joined the chat.");
  using bob = await server.open("/chat");
  expect(await bob.next()).toBe("You have joined the chat.");
  bob.send("hello");
  expect(await ada.next()).toBe("hello");
  expect(await bob.next()).toBe("hello");
});
