import { afterAll, beforeAll, expect, test } from "bun:test";
import { buildOnce, runBinary } from "../support/binary.ts";
import { createFolder, type TestFolder } from "../support/folder.ts";
import { startServer, type TestServer } from "../support/server.ts";
import type { TestSession } from "../support/session.ts";

const token = "0123456789abcdef";

const chat = `import { addToGroup } from "hubbub";
export const get = () => ({ webSocket: {} });
export const webSocketEvent = ({ type, session }) => type === "open" && addToGroup("chat", session.id);`;

let server: TestServer;
let ada: TestSession;
let folder: TestFolder;

beforeAll(async () => {
  await buildOnce();
  server = await startServer({ "chat.js": chat }, { "admin-token": token, "max-message": "1KiB" });
  ada = await server.open("/chat");
  folder = createFolder({ token: `${token}\n`, "hello.txt": "hello\n", "bytes.bin": Uint8Array.of(0, 10) });
}, 60_000);

afterAll(async () => {
  folder[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

/** Runs `hubbub publish ARGS` with the server's address and token. */
const publish = (args: string[], environment: Record<string, string> = { HUBBUB_ADMIN_TOKEN: token }) =>
  runBinary(["publish", ...args, "--url", server.url("/")], { cwd: folder.path, environment });

const published = { exitCode: 0, stdout: "Published to chat: 1 session\n", stderr: "" };

test("hubbub publish sends a text, JSON or bytes, and says how many sessions are in the group", async () => {
  expect(await publish(["chat", "hello"])).toEqual(published);
  expect(await publish(["chat", "--json", '{ "a": 1 }'])).toEqual(published);
  expect(await publish(["chat", "é", "--binary"])).toEqual(published);
  expect((await publish(["nobody's", "hello"])).stdout).toBe("Published to nobody's: nobody is in it\n");
  expect(await ada.next()).toBe("hello");
  expect(await ada.next()).toBe('{"a":1}');
  expect(await ada.next()).toEqual(Uint8Array.of(195, 169));
});

test("hubbub publish reads standard input, and takes the token from a file", async () => {
  const executable = await buildOnce();
  for (const [line, message] of [
    ["publish chat - --token @token < hello.txt", "hello"],
    ["publish chat - --token @token --binary < bytes.bin", Uint8Array.of(0, 10)],
  ] as const) {
    const script = `"${executable}" ${line} --url ${server.url("/")}`;
    const child = Bun.spawn(["bash", "-c", script], { cwd: folder.path, env: {}, stdout: "pipe" });
    expect(await child.stdout.text()).toBe(published.stdout);
    expect(await ada.next()).toEqual(message);
  }
});

test("hubbub publish asks the server that the variables describe", async () => {
  const { hostname, port } = new URL(server.url("/"));
  const environment = { HUBBUB_ADMIN_TOKEN: token, HUBBUB_HOST: hostname, HUBBUB_PORT: port };
  expect(await runBinary(["publish", "chat", "x"], { cwd: folder.path, environment })).toEqual(published);
  expect(await ada.next()).toBe("x");
});

test.each([
  [["chat", "x"], {}, "there is no token, expected the variable HUBBUB_ADMIN_TOKEN or --token"],
  [["chat", "x"], { HUBBUB_ADMIN_TOKEN: `${token}-wrong` }, "the token is wrong, expected that of the server"],
  [["chat", "x".repeat(2000)], undefined, "it answered 413, expected a Hubbub server that takes as large a message"],
  [["", "x"], undefined, 'The field "group" must not be empty (400)'],
])("hubbub publish says why it could not: %#", async (args, environment, what) => {
  const { exitCode, stdout, stderr } = await publish(args, environment);
  expect([exitCode, stdout]).toEqual([1, ""]);
  expect(stderr).toBe(`hubbub: Cannot publish to "${args[0]}" at ${server.url("/")}: ${what}\n`);
});

test("hubbub publish says that nothing listens, that the API is off, and that it is led elsewhere", async () => {
  await using off = await startServer({ "a.js": chat });
  using redirect = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => Response.redirect("https://x.example/", 308),
  });
  using other = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("hello") });
  for (const [url, what] of [
    ["http://127.0.0.1:1/", "nothing listens there, expected a server that runs there (--url)"],
    [off.url("/"), /^The inspector and the API are off: .* \(404\)$/],
    [redirect.url.href, "it leads to https://x.example/, expected the server's own address (--url)"],
    [other.url.href, "it answered 200, expected a Hubbub server"],
  ] as const) {
    const { exitCode, stderr } = await runBinary(["publish", "chat", "x", "--url", url], {
      cwd: folder.path,
      environment: { HUBBUB_ADMIN_TOKEN: token },
    });
    expect(exitCode).toBe(1);
    const start = `hubbub: Cannot publish to "chat" at ${url}: `;
    expect(stderr).toStartWith(start);
    expect(stderr.slice(start.length).trimEnd()).toEqual(typeof what === "string" ? what : expect.stringMatching(what));
    expect(stderr).not.toContain(token);
  }
});

test.each([
  [["chat", "{", "--json"], /^hubbub: Cannot use --json: the message is no JSON \(.*\), expected JSON\n$/],
  [
    ["chat", "x", "--url", "chat.example.com"],
    /^hubbub: Cannot use --url "chat.example.com": expected an address such as/,
  ],
  [["chat"], /^hubbub: Cannot run "publish": MESSAGE is missing/],
])("hubbub publish says what is wrong with its arguments: %j", async (args, message) => {
  const given = { cwd: folder.path, environment: { HUBBUB_ADMIN_TOKEN: token } };
  const { exitCode, stderr } = await runBinary(["publish", ...args], given);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(message);
});
