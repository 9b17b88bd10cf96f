import { expect, test } from "bun:test";
import { examine } from "../../src/cli/doctor/examine.ts";
import type { Finding } from "../../src/cli/doctor/finding.ts";
import type { SettingName } from "../../src/core/settings.ts";
import { hasProxy, type ProxyName, proxyNames, type ProxyOptions, startProxy } from "../support/proxies.ts";
import { startServer } from "../support/server.ts";

type Settings = Partial<Record<SettingName, string>>;

const controllers = {
  "chat.js": "exports.get = () => ({ webSocket: {} }); exports.webSocketEvent = () => {};",
  "closes.js":
    "const { close } = require('hubbub'); exports.get = () => ({ webSocket: {} }); exports.webSocketEvent = ({ type, session }) => type === 'open' && close(session.id);",
};

const trusting: Settings = { ping: "1", "trust-proxy": "127.0.0.1" };

/** What the doctor finds on the way through a proxy to a server that has these settings, by name. */
async function examineThrough(
  name: ProxyName,
  options: Omit<ProxyOptions, "nodes">,
  settings: Settings = trusting,
  path = "/chat",
): Promise<Record<string, Finding>> {
  await using server = await startServer(controllers, settings);
  const { port, origin } = new URL(server.url("/"));
  await using proxy = await startProxy(name, { nodes: [origin], ...options });
  return await examineAt(new URL(path, proxy.origin), { ...settings, port });
}

async function examineAt(url: URL, settings: Settings): Promise<Record<string, Finding>> {
  const findings = await examine({ settings, url, onWait: () => {} });
  return Object.fromEntries(findings.map((finding) => [finding.name, finding]));
}

const wrongOf = (findings: Record<string, Finding>) =>
  Object.values(findings).flatMap(({ name, state }) => (state === "wrong" ? [name] : []));

for (const name of proxyNames) {
  test.skipIf(!hasProxy(name))(
    `the doctor finds nothing wrong with the documented ${name} but an unknown certificate`,
    async () => {
      const findings = await examineThrough(name, {});
      expect(wrongOf(findings)).toEqual(["https"]);
      expect(findings["https"]?.found).toBe("clients refuse the certificate: nobody whom they know has signed it");
      expect(findings["port"]?.found).toMatch(/^a hubbub serves at 127\.0\.0\.1:\d+ \(process \d+, .+\)$/);
      for (const of of ["server", "upgrade", "proxy", "origin", "silence"])
        expect(findings[of]).toMatchObject({ state: "ok" });
    },
  );
}

const upgradeLines = [
  ["proxy_set_header Upgrade $http_upgrade;", ""],
  ["proxy_set_header Connection $hubbub_connection;", ""],
] as const;

const forwardedLines = [
  ["proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;", ""],
  ["proxy_set_header X-Forwarded-Proto $scheme;", ""],
] as const;

type Mistake = {
  what: string;
  name: ProxyName;
  options: Omit<ProxyOptions, "nodes">;
  settings?: Settings;
  /** One that takes no sessions, where silence is not of interest. */
  path?: string;
  wrong: string[];
  found: Record<string, RegExp>;
  advice: Record<string, RegExp>;
};

const mistakes: Mistake[] = [
  {
    what: "takes the upgrade headers away",
    name: "nginx",
    options: { mistakes: upgradeLines },
    wrong: ["upgrade"],
    found: { upgrade: /^the header Upgrade does not arrive: nginx\S* takes it away/ },
    advice: { upgrade: /proxy_set_header Upgrade \$http_upgrade/ },
  },
  {
    what: "passes on Upgrade without Connection",
    name: "nginx",
    options: { mistakes: [["proxy_set_header Connection $hubbub_connection;", 'proxy_set_header Connection "";']] },
    wrong: ["upgrade"],
    found: { upgrade: /The header "Connection: Upgrade" is missing/ },
    advice: { upgrade: /proxy_set_header Connection upgrade/ },
  },
  {
    what: "cuts silent sessions before they are pinged",
    name: "nginx",
    options: { idleSeconds: 1 },
    settings: { ...trusting, ping: "4" },
    wrong: ["silence"],
    found: {
      silence: /^a session in which nobody spoke was cut after 1\.\d s, before the server pinged it \(--ping 4s\)$/,
    },
    advice: { silence: /proxy_read_timeout 75s.*--ping 1s$/ },
  },
  {
    what: "cuts silent sessions before they are pinged",
    name: "HAProxy",
    options: { idleSeconds: 1 },
    settings: { ...trusting, ping: "4" },
    wrong: ["silence"],
    found: { silence: /cut after 1\.\d s/ },
    advice: { silence: /timeout tunnel 75s/ },
  },
  {
    what: "is not trusted",
    name: "nginx",
    path: "/nowhere",
    options: {},
    settings: { ping: "1" },
    wrong: ["proxy", "origin"],
    found: {
      proxy: /^the proxy is not believed/,
      origin: /takes http:\/\/127\.0\.0\.1:\d+ for its own address, and not https:/,
    },
    advice: { proxy: /--trust-proxy/, origin: /--trust-proxy/ },
  },
  {
    what: "says nothing of its clients",
    name: "nginx",
    path: "/nowhere",
    options: { mistakes: forwardedLines },
    settings: { ping: "1" },
    wrong: ["origin"],
    found: { proxy: /^what is in between does not say for whom it asks/ },
    advice: { proxy: /X-Forwarded-For/, origin: /proxy_set_header X-Forwarded-Proto \$scheme/ },
  },
  {
    what: "asks for another host",
    name: "nginx",
    path: "/nowhere",
    options: {
      mistakes: [
        ["proxy_set_header Host $http_host;", ""],
        ["proxy_set_header X-Forwarded-Host $http_host;", ""],
      ],
    },
    wrong: ["origin"],
    found: { origin: /^the server takes https:\/\/hubbub for its own address/ },
    advice: { origin: /proxy_set_header Host \$http_host/ },
  },
];

for (const { what, name, options, settings, path, wrong, found, advice } of mistakes) {
  test.skipIf(!hasProxy(name))(
    `the doctor finds that ${name} ${what}, and says what to do`,
    async () => {
      const findings = await examineThrough(name, options, settings, path);
      expect(wrongOf(findings)).toEqual(["https", ...wrong]);
      for (const [of, text] of Object.entries(found)) expect(findings[of]?.found).toMatch(text);
      for (const [of, text] of Object.entries(advice)) expect(findings[of]?.advice).toMatch(text);
    },
    20_000,
  );
}

test.skipIf(!hasProxy("nginx"))(
  "the doctor serves itself where no server runs yet, and no longer",
  async () => {
    using taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: (socket) => void socket.end() } });
    using free = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    free.stop(true);
    const settings = { ...trusting, port: String(free.port) };
    await using proxy = await startProxy("nginx", { nodes: [`http://127.0.0.1:${free.port}`], status: 502 });
    const findings = await examineAt(new URL(proxy.origin), settings);
    expect(wrongOf(findings)).toEqual(["https"]);
    expect(findings["silence"]).toMatchObject({ state: "ok" });
    expect((await proxy.fetch("/-/health")).status).toBe(502);
    // Somebody else's port is none where it could serve.
    const other = await examineAt(new URL(proxy.origin), { ...settings, port: String(taken.port) });
    expect(other["port"]?.found).toMatch(/is in use by another program \(process \d+, /);
    expect(other["server"]).toMatchObject({
      state: "wrong",
      found: expect.stringMatching(/answers 502: it does not reach the server$/),
    });
    expect(await examineAt(new URL(proxy.plainOrigin), settings)).toMatchObject({
      server: { state: "wrong", found: expect.stringContaining("leads to https://") },
    });
  },
  20_000,
);

test("the doctor says why no session shows how silence is taken", async () => {
  await using server = await startServer(controllers, { ping: "1" });
  const { port } = new URL(server.url("/"));
  const at = async (path: string, settings = {}) =>
    (await examineAt(new URL(server.url(path)), { port, ping: "1", ...settings }))["silence"];
  expect(await at("/nowhere")).toMatchObject({
    state: "unknown",
    found: "no session was opened: /nowhere answers 404",
  });
  expect(await at("/closes")).toMatchObject({
    state: "unknown",
    found: expect.stringContaining("the server itself closed"),
  });
  expect(await at("/chat", { ping: "0" })).toMatchObject({ state: "warning", advice: "let it ping: --ping 30s" });
});

test.each([
  ["http://127.0.0.1:1/", "cannot be reached: nothing listens there"],
  ["http://no-such-name.invalid/", 'cannot be reached: "no-such-name.invalid" leads nowhere'],
])("the doctor says that %s cannot be reached", async (address, text) => {
  const { server } = await examineAt(new URL(address), { port: "0" });
  expect(server).toMatchObject({ state: "wrong", found: expect.stringContaining(text), advice: expect.any(String) });
});
