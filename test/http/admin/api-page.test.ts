import { beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildOnce } from "../../support/binary.ts";
import { root, startServer } from "../../support/server.ts";
import { waitFor } from "../../support/session.ts";

const token = "0123456789abcdef";

const page = readFileSync(join(root, "docs/api.md"), "utf8");

const chat = `import { addToGroup, send } from "hubbub";
export const get = () => ({ webSocket: {} });
export const webSocketEvent = ({ type, session }) => {
  if (type !== "open") return;
  addToGroup("chat", session.id);
  send(session.id, session.id);
};`;

/** The shell commands of the page, each with what it shows as the output. */
const blocks = [...page.matchAll(/^```sh\n(.*?)^```\n+(?:```(?:json)?\n(.*?)^```)?/gms)].map(
  ([, command = "", output]) => ({
    command,
    output,
  }),
);

let bin: string;

beforeAll(async () => {
  bin = dirname(await buildOnce());
}, 60_000);

/** The same with every number and text replaced by its kind, apart from those that are always so. */
function toShape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toShape);
  if (typeof value !== "object" || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, toShape(each)]));
}

test("docs/api.md has commands that do and answer what the page says", async () => {
  expect(blocks.length).toBeGreaterThan(9);
  await using server = await startServer({ "chat.js": chat }, { "admin-token": token });
  using ada = await server.open("/chat");
  using bob = await server.open("/chat");
  const [session, otherSession] = [String(await ada.next()), String(await bob.next())];
  const env = {
    PATH: `${bin}:/usr/bin:/bin`,
    HUBBUB_ADMIN_TOKEN: token,
    SESSION: session,
    OTHER_SESSION: otherSession,
  };
  for (const { command, output } of blocks) {
    const script = command.replaceAll("http://127.0.0.1:3000/", server.url("/"));
    const child = Bun.spawn(["bash", "-ec", script], { cwd: "/", env, stdout: "pipe", stderr: "ignore" });
    const [printed, code] = await Promise.all([child.stdout.text(), child.exited]);
    expect({ command, code }).toEqual({ command, code: 0 });
    if (command.includes("OTHER_SESSION")) await waitFor(() => server.app.sessionCount === 1, "end of the session");
    if (output === undefined) expect(JSON.parse(printed)).toMatchObject({ openapi: "3.1.0" });
    else if (output.startsWith("{")) expect(toShape(JSON.parse(printed))).toEqual(toShape(JSON.parse(output)));
    else expect(printed).toBe(output);
  }
  expect(await ada.nextJson()).toEqual({ text: "Lunch is ready" });
  expect(await ada.next()).toEqual(Uint8Array.of(0, 1, 2));
  expect(await ada.next()).toBe("You have mail");
  expect(await ada.next()).toBe("Lunch is ready");
  expect(await bob.closed).toEqual({ code: 4401, reason: "signed out" });
});
