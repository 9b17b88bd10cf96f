import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "../src/app.ts";
import { API_GLOBAL } from "../src/controllers/modules.ts";
import { readConfig } from "../src/core/config.ts";
import { configureLog } from "../src/core/log.ts";

const controller = (version: number) => `
import { addToGroup, kept, send, sendToGroup } from "hubbub";
import * as v from "valibot";
import { describe } from "./lib/describe.ts";
const Message = v.object({ text: v.string() });
const seen = kept("seen", () => new Set<string>());
setInterval(() => sendToGroup("ticks", "tick ${version}"), 1000);
export const get = (request: { webSocket: boolean }) => (request.webSocket ? { webSocket: {} } : { body: describe(${version}) });
export const webSocketEvent = (event: any) => {
  if (event.type === "open") addToGroup("all", event.session.id);
  if (event.type === "message" && v.is(Message, event.message)) send(event.session.id, seen.size);
};
`;

export type ReloadFigures = {
  /** Median milliseconds of one reload: look at the folder, load, check, swap, dispose. */
  ms: number;
  /** Median milliseconds of the control: the same files imported into a bare `Bun.ModuleGraph`, which is disposed. */
  controlMs: number;
  /** Bytes of resident memory that each further reload adds, measured over the second half. */
  bytesPerReload: number;
};

/** Reloads a folder of `controllers` controllers `reloads` times, one of them edited each time. */
export async function measureReloads(controllers: number, reloads: number): Promise<ReloadFigures> {
  const folder = mkdtempSync(join(tmpdir(), "hubbub-reload-"));
  mkdirSync(join(folder, "lib"));
  writeFileSync(
    join(folder, "lib/describe.ts"),
    "export const describe = (version: number): string => `version ${version}`;",
  );
  for (let index = 0; index < controllers; index += 1) writeFileSync(join(folder, `c${index}.ts`), controller(0));
  configureLog({ logLevel: "error", logFormat: "json" });
  const config = readConfig({ flags: { port: "0", watch: "false" } });
  const app = new App({ config, folder, isEmbedded: false, version: "0" });
  await app.start();
  const times: number[] = [];
  const controlTimes: number[] = [];
  let atHalf = 0;
  for (let reload = 1; reload <= reloads; reload += 1) {
    writeFileSync(join(folder, `c${reload % controllers}.ts`), controller(reload));
    const startedAt = performance.now();
    await app.reload();
    times.push(performance.now() - startedAt);
    if (reload % 10 === 0) controlTimes.push(await measureControl(folder, controllers));
    if (reload === Math.floor(reloads / 2)) atHalf = measureMemory();
  }
  const grown = measureMemory() - atHalf;
  await app.stop();
  rmSync(folder, { recursive: true });
  return { ms: median(times), controlMs: median(controlTimes), bytesPerReload: grown / Math.ceil(reloads / 2) };
}

/** The api that the bare graph's modules import: what `"hubbub"` reads from it does nothing. */
const idleApi = new Proxy({}, { get: () => () => new Set() });

async function measureControl(folder: string, controllers: number): Promise<number> {
  const startedAt = performance.now();
  const graph = new Bun.ModuleGraph({ globals: { [API_GLOBAL]: idleApi } });
  for (let index = 0; index < controllers; index += 1) await graph.import(join(folder, `c${index}.ts`));
  graph.dispose();
  return performance.now() - startedAt;
}

function median(times: number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
}

function measureMemory(): number {
  for (let round = 0; round < 3; round += 1) Bun.gc(true);
  return process.memoryUsage.rss();
}

if (import.meta.main) {
  const [only, times] = process.argv.slice(2).map(Number);
  const cases =
    only === undefined
      ? [
          [1, 2000],
          [20, 200],
          [200, 50],
        ]
      : [[only, times ?? 100]];
  for (const [controllers = 1, reloads = 100] of cases) {
    const { ms, controlMs, bytesPerReload } = await measureReloads(controllers, reloads);
    const ratio = (ms / controlMs).toFixed(2);
    const kilobytes = (bytesPerReload / 1000).toFixed(1);
    console.log(
      `${controllers} controllers, ${reloads} reloads: ${ms.toFixed(1)} ms (${ratio} of a bare module graph) and ${kilobytes} KB a reload`,
    );
  }
  process.exit(0);
}
