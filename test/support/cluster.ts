import type { OpenBus } from "../../src/bus/bus.ts";
import { LocalNetwork } from "../../src/bus/local.ts";
import type { ConfigSources } from "../../src/core/config.ts";
import { startServer, type TestServer } from "./server.ts";
import { waitFor } from "./session.ts";

/** Several servers of this process that are the nodes of one cluster. */
export type TestCluster = AsyncDisposable & {
  nodes: TestServer[];
  /** Starts one more. */
  start: () => Promise<TestServer>;
};

/** Starts `count` nodes with the same controllers, which know each other; on a bus in this process if none is given. */
export async function startCluster(
  count: number,
  files: Record<string, string>,
  flags: NonNullable<ConfigSources["flags"]> = {},
  openBus: OpenBus = new LocalNetwork().open,
): Promise<TestCluster> {
  const nodes: TestServer[] = [];
  const start = async () => {
    const node = await startServer(files, flags, undefined, { openBus });
    nodes.push(node);
    return node;
  };
  for (let index = 0; index < count; index += 1) await start();
  await waitFor(() => nodes.every(({ app }) => app.nodeCount === count - 1), "nodes that know each other");
  return {
    nodes,
    start,
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
    },
  };
}
