import { beforeAll, expect, test } from "bun:test";
import { buildOnce, startBinary } from "../support/binary.ts";
import { createFolder } from "../support/folder.ts";
import { waitFor } from "../support/session.ts";

beforeAll(buildOnce, 60_000);

const SESSIONS = 200;
const EDITS = 50;

/** A controller of version `version`: it answers each message with its number, and its timer ticks to a group. */
const writeController = (version: number) => `
import { addToGroup, kept, send, sendToGroup } from "hubbub";
import { label } from "./lib/label.ts";

const counts = kept("counts", () => new Map<string, number>());
setInterval(() => sendToGroup("ticks", "tick ${version}"), 20);

export const get = () => ({ webSocket: { data: { handled: 0 } } });
export const post = (request: { body: string }) => (sendToGroup("all", request.body), { status: 204 });

export const webSocketEvent = async (event: any) => {
  if (event.type === "open") {
    addToGroup("all", event.session.id);
    if (event.session.params.ticks) addToGroup("ticks", event.session.id);
  }
  if (event.type !== "message") return;
  if (Number(event.message) % 3 === 0) await Bun.sleep(1);
  event.data.handled += 1;
  counts.set(event.session.id, event.data.handled);
  send(event.session.id, \`\${event.message} \${event.data.handled} ${version} \${label}\`);
};
`;

const broken = [
  "export const get = (",
  "export const get = 1;",
  'throw new Error("not today");',
  "export const nothing = 1;",
  'import "./lib/missing.ts";',
];

test("fifty edits under traffic close no session, lose no message and repeat none", async () => {
  using folder = createFolder({ "talk.ts": writeController(0), "lib/label.ts": 'export const label = "label0";' });
  await using server = await startBinary(["."], { cwd: folder.path });
  const sessions = await Promise.all(Array.from({ length: SESSIONS }, () => server.open("/talk")));
  let closes = 0;
  const failures: string[] = [];
  const heard = sessions.map(() => ({ next: 1, sent: 0, group: [] as string[], version: 0 }));
  sessions.forEach((session, index) => {
    const state = heard[index];
    if (state === undefined) return;
    session.socket.addEventListener("close", () => {
      closes += 1;
    });
    session.socket.addEventListener("message", ({ data }: MessageEvent<string>) => {
      if (data.startsWith("group ")) {
        state.group.push(data);
        return;
      }
      const [number, handled, version] = data.split(" ").map(Number);
      if (number !== state.next || handled !== state.next)
        failures.push(`session ${index} got "${data}", wanted ${state.next}`);
      state.next += 1;
      state.version = version ?? -1;
      state.sent += 1;
      session.send(String(state.sent));
    });
  });
  sessions.forEach((session, index) => {
    const state = heard[index];
    if (state !== undefined) state.sent = 1;
    session.send("1");
  });

  const groups: string[] = [];
  const delays: number[] = [];
  let version = 0;
  for (let edit = 1; edit <= EDITS; edit += 1) {
    const fault = edit % 5 === 0 ? broken[(edit / 5 - 1) % broken.length] : undefined;
    const writtenAt = performance.now();
    const refusals = server.log().filter(({ level }) => level === "ERROR").length;
    folder.write({ "talk.ts": fault ?? writeController(edit) });
    if (fault === undefined) {
      version = edit;
      await waitFor(() => (heard[0]?.version ?? 0) === edit, `version ${edit}`);
      delays.push(performance.now() - writtenAt);
    } else {
      await waitFor(
        () => server.log().filter(({ level }) => level === "ERROR").length > refusals,
        `refusal of edit ${edit}`,
      );
    }
    const message = `group ${edit}`;
    groups.push(message);
    expect(
      (await server.fetch("/talk", { method: "POST", headers: { "Content-Type": "text/plain" }, body: message }))
        .status,
    ).toBe(204);
  }
  await waitFor(() => heard.every(({ group }) => group.length === EDITS), "every group message");
  await waitFor(() => heard.every((state) => state.version === version), "the last version everywhere");

  expect(failures).toEqual([]);
  expect(closes).toBe(0);
  for (const { group } of heard) expect(group).toEqual(groups);
  expect(heard.every(({ next }) => next > EDITS)).toBe(true);
  expect(delays.toSorted((a, b) => a - b)[Math.floor(delays.length / 2)]).toBeLessThan(200);

  // Only the last generation's timer ticks.
  using listener = await server.open("/talk?ticks=1");
  const ticks = new Set<string>();
  for (let count = 0; count < 10; count += 1) ticks.add(String(await listener.next()));
  expect([...ticks]).toEqual([`tick ${version}`]);
  for (const session of sessions) session.socket.terminate();
}, 60_000);
