// `bun run cluster`: starts the reference deployment of docs/scaling.md on this machine, or checks it and stops.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildHubbub } from "../../build.ts";
import { createCheckedControllers, ReferenceCheck } from "./check.ts";
import { programs, startReference } from "./reference.ts";

const help = `Starts two nodes with two workers each, HAProxy in front of them, and Redis between them, with the files in
deploy/cluster/, on 127.0.0.1. Ctrl+C ends all of them.

bun run cluster [DIR] [--port PORT]   the controllers in DIR, or else the examples, at http://127.0.0.1:8080
bun run cluster --check               breaks each part in turn, and makes sure that no message is lost or comes twice`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    port: { type: "string", default: "8080" },
    check: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});

const root = join(import.meta.dir, "../..");

async function main(): Promise<number> {
  if (values.help) return print(help);
  for (const program of Object.values(programs)) {
    if (!existsSync(program)) return print(`There is no ${program}: apt-get install haproxy redis-server`, 1);
  }
  const executable = join(root, "dist/hubbub");
  await buildHubbub(executable);
  if (values.check) {
    using controllers = createCheckedControllers();
    await using reference = await startReference({ executable, controllers: controllers.path });
    using check = new ReferenceCheck(reference);
    for (const step of ["open", "killNode", "startNode", "restartRedis", "stopNode"] as const)
      print(await check[step]());
    return print("Everything is well");
  }
  const controllers = join(process.cwd(), positionals[0] ?? join(root, "controllers"));
  await using reference = await startReference({
    executable,
    controllers,
    port: Number(values.port),
    output: "inherit",
  });
  print(`\nOpen ${reference.front.origin}; the nodes are ${reference.nodes.map(({ origin }) => origin).join(" and ")}`);
  await new Promise((resolve) => process.once("SIGINT", resolve).once("SIGTERM", resolve));
  return 0;
}

function print(text: string, exitCode = 0): number {
  console.log(text);
  return exitCode;
}

process.exitCode = await main();
