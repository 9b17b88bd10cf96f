import { beforeAll, expect, test } from "bun:test";
import { examineClock } from "../../src/cli/doctor/clock.ts";
import { waitInSilence } from "../../src/cli/doctor/silence.ts";
import type { DoctorReport } from "../../src/cli/doctor/report.ts";
import { buildOnce, runBinary, startBinary } from "../support/binary.ts";
import { createCertificate } from "../support/certificates.ts";
import { createFolder } from "../support/folder.ts";
import { hasNamespaces } from "../support/namespaces.ts";
import { Duplex } from "node:stream";

beforeAll(buildOnce, 60_000);

/** What `hubbub doctor ARGS` reports in a folder with `files`. */
async function examine(
  args: string[],
  {
    files = {},
    ...options
  }: { files?: Record<string, string>; prefix?: string[]; environment?: Record<string, string> } = {},
) {
  using folder = createFolder(files);
  const result = await runBinary(["doctor", "--json", ...args], { cwd: folder.path, ...options });
  const report = JSON.parse(result.stdout) as DoctorReport;
  return { ...result, ok: report.ok, of: (name: string) => report.findings.find((finding) => finding.name === name) };
}

test("hubbub doctor ends with 0 where nothing is wrong, and shows a line for each thing", async () => {
  using folder = createFolder();
  const { stdout, stderr, exitCode } = await runBinary(["doctor", "--port", "0"], { cwd: folder.path });
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  expect(stdout).toMatch(/^ok {7}settings {5}flags, variables and hubbub\.toml can be read$/m);
  for (const name of ["open files", "port", "clock", "certificate", "origins"])
    expect(stdout).toMatch(new RegExp(`^(?:ok|warning|unknown) +${name} +\\S`, "m"));
  expect(stdout).toMatch(/\n\n(?:Nothing is wrong|\d warnings?)\n$/);
});

test("hubbub doctor says how many sessions the open files are for", async () => {
  const few = await examine(["--port", "0"], { prefix: ["prlimit", "--nofile=300"] });
  expect(few.of("open files")).toMatchObject({
    state: "warning",
    found: expect.stringMatching(/^300 in this shell, which is room for 236 sessions$/),
  });
  expect([few.exitCode, few.ok]).toEqual([0, true]);
  const wanted = await examine(["--port", "0", "--max-sessions", "100000"], { prefix: ["prlimit", "--nofile=300"] });
  expect(wanted.of("open files")).toMatchObject({
    state: "wrong",
    advice: expect.stringContaining("LimitNOFILE=111112"),
  });
  expect([wanted.exitCode, wanted.ok]).toEqual([1, false]);
});

test("hubbub doctor knows a port with a hubbub from one with something else, and asks that one for its limit", async () => {
  using folder = createFolder({ "a.js": "exports.get = () => ({});" });
  await using server = await startBinary(["."], { cwd: folder.path, prefix: ["prlimit", "--nofile=5000"] });
  const { port } = new URL(server.origin);
  const own = await examine(["--port", port]);
  expect(own.of("port")).toMatchObject({ state: "ok", found: expect.stringContaining(`(process ${server.pid}, `) });
  expect(own.of("open files")?.found).toStartWith(`5,000 of process ${server.pid}`);
  using other = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: (socket) => void socket.end() } });
  const taken = await examine(["--port", String(other.port)]);
  expect(taken.of("port")).toMatchObject({
    state: "wrong",
    found: expect.stringContaining(`is in use by another program (process ${process.pid}, `),
    advice: "stop that one, or take another port (--port)",
  });
  expect(taken.exitCode).toBe(1);
});

test.skipIf(!hasNamespaces)("hubbub doctor says that a port or an address cannot be had", async () => {
  const prefix = [
    "unshare",
    "-rn",
    "sh",
    "-c",
    'ip link set lo up; exec setpriv --inh-caps=-all --bounding-set=-all "$@"',
    "sh",
  ];
  const port = await examine(["--port", "80"], { prefix });
  expect(port.of("port")).toMatchObject({
    state: "wrong",
    found: "127.0.0.1:80 cannot be had: this user may not use that port",
  });
  const host = await examine(["--host", "203.0.113.1"], { prefix });
  expect(host.of("port")).toMatchObject({ state: "wrong", advice: expect.stringContaining("--host 127.0.0.1") });
});

test("hubbub doctor looks at the certificate, at the origins, and at the settings", async () => {
  const serve = (untilDays: number) => {
    const { certificate, key } = createCertificate("chat.example.com", { fromDays: -30, untilDays });
    return examine(["--tls-cert", "cert.pem", "--tls-key", "key.pem", "--port", "0"], {
      files: { "cert.pem": certificate, "key.pem": key },
    });
  };
  expect((await serve(90)).of("certificate")).toMatchObject({
    state: "ok",
    found: expect.stringContaining("valid until"),
  });
  expect((await serve(5)).of("certificate")).toMatchObject({
    state: "warning",
    found: expect.stringMatching(/^it expires in [45] days/),
  });
  expect((await serve(-1)).of("certificate")).toMatchObject({
    state: "wrong",
    found: expect.stringContaining("it expired on"),
  });
  expect((await examine(["--origins", "*", "--port", "0"])).of("origins")).toMatchObject({ state: "warning" });
  const settings = await examine([], { files: { "hubbub.toml": "port = 0\nprot = 1" } });
  expect(settings.of("settings")).toMatchObject({
    state: "wrong",
    found: expect.stringContaining("hubbub.toml's prot"),
  });
  expect(settings.exitCode).toBe(1);
});

test("hubbub doctor takes a certificate of an authority that clients know", async () => {
  const { certificate, key } = createCertificate("localhost");
  using folder = createFolder({
    "a.js": "exports.get = () => ({ webSocket: {} });",
    "cert.pem": certificate,
    "key.pem": key,
  });
  const flags = ["--tls-cert", "cert.pem", "--tls-key", "key.pem", "--ping", "1"];
  await using server = await startBinary([".", ...flags], { cwd: folder.path });
  const { port } = new URL(server.origin);
  const options = {
    files: { "cert.pem": certificate, "key.pem": key },
    environment: { NODE_EXTRA_CA_CERTS: `${folder.path}/cert.pem` },
  };
  const { of, exitCode } = await examine([`wss://localhost:${port}/a`, "--port", port, ...flags], options);
  for (const name of ["https", "server", "upgrade", "proxy", "origin", "silence"])
    expect(of(name)).toMatchObject({ state: "ok" });
  expect(exitCode).toBe(0);
});

test("examineClock() knows a clock that cannot be right from one that differs from another's", () => {
  expect(examineClock(undefined, Date.UTC(1970, 0, 2))).toMatchObject({
    state: "wrong",
    found: expect.stringContaining("1970-01-02"),
  });
  const now = Date.UTC(2030, 0, 1);
  expect(examineClock(now + 60_000, now)).toMatchObject({
    state: "wrong",
    found: expect.stringContaining("60 s behind"),
  });
  expect(examineClock(now - 9000, now)).toMatchObject({
    state: "wrong",
    found: expect.stringContaining("9 s ahead of"),
  });
  expect(examineClock(now - 2000, now).state).not.toBe("wrong");
});

test.each([
  [
    "a ping after messages of every length",
    [
      [0x81, 1, 65],
      [0x82, 126, 1, 0, ...new Uint8Array(256)],
      [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0, ...new Uint8Array(65_536)],
      [0x89, 0],
    ],
    "ping",
  ],
  ["a ping in pieces", [[0x81, 3, 65], [66], [67, 0x89], [0]], "ping"],
  ["a close", [[0x88, 2, 3, 0xe8]], "closed"],
  ["half a message", [[0x81, 3, 65]], "none"],
])("waitInSilence() hears %s", async (_what, pieces, end) => {
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const waiting = waitInSilence({ socket, head: Buffer.from(pieces[0] ?? []) }, 0.2);
  for (const piece of pieces.slice(1)) socket.push(Buffer.from(piece));
  expect((await waiting).end).toBe(end as "ping");
});

test.each([
  ["chat.example.com", "expected https://chat.example.com"],
  ["ftp://x", "expected one such as https://chat.example.com/chat"],
])("hubbub doctor %s is no address", async (address, wanted) => {
  using folder = createFolder();
  const result = await runBinary(["doctor", address], { cwd: folder.path });
  expect(result).toEqual({
    exitCode: 2,
    stdout: "",
    stderr: `hubbub: Cannot examine "${address}": it is no address, ${wanted}\n`,
  });
});
