import fc from "fast-check";
import { framesProperty } from "./support/fuzz-frames.ts";
import { httpProperty } from "./support/fuzz-http.ts";
import { startFuzzServer } from "./support/fuzz-server.ts";

const USAGE = `bun run fuzz [SECONDS] [SEED] [PART] [PATH]

  SECONDS  how long, half of it for each part; 60 if absent
  SEED     a whole number; a random one if absent
  PART     frames or http; both if absent
  PATH     with SEED and PART: runs one counter-example again`;

const parts = { frames: framesProperty, http: httpProperty };

/** Runs a part for `seconds`; prints how to run a counter-example again. Returns whether all went well. */
async function fuzz(
  name: keyof typeof parts,
  seconds: number,
  seed: number,
  path: string | undefined,
): Promise<boolean> {
  await using server = await startFuzzServer();
  const property = parts[name](() => server) as fc.IAsyncProperty<unknown[]>;
  const again = path === undefined ? {} : { path, endOnFailure: true, numRuns: 1 };
  const runs = Number.MAX_SAFE_INTEGER;
  const result = await fc.check(property, { seed, numRuns: runs, interruptAfterTimeLimit: seconds * 1000, ...again });
  if (!result.failed) {
    console.log(`${name}: ${result.numRuns} runs with the seed ${seed}, none failed`);
    return true;
  }
  console.error(`${name}: failed after ${result.numRuns} runs and ${result.numShrinks} steps of shrinking`);
  console.error(fc.stringify(result.counterexample));
  console.error(result.errorInstance);
  console.error(`\nTo run it again: bun run fuzz ${seconds} ${seed} ${name} ${result.counterexamplePath}`);
  return false;
}

if (import.meta.main) {
  const [time = "60", given, part, path] = process.argv.slice(2);
  const seconds = Number(time);
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
  const isPart = (name: string): name is keyof typeof parts => Object.hasOwn(parts, name);
  if (!(seconds > 0) || !Number.isInteger(seed) || (part !== undefined && !isPart(part))) {
    console.error(USAGE);
    process.exit(2);
  }
  const names = part === undefined ? Object.keys(parts).filter(isPart) : [part];
  let isGood = true;
  for (const name of names) isGood = (await fuzz(name, seconds / names.length, seed, path)) && isGood;
  process.exit(isGood ? 0 : 1);
}
