import { beforeAll, expect, test } from "bun:test";
import { createCheckedControllers, ReferenceCheck } from "../../deploy/cluster/check.ts";
import { programs, startReference } from "../../deploy/cluster/reference.ts";
import { buildOnce } from "../support/binary.ts";

beforeAll(buildOnce, 60_000);

/** In CI they must be here: nothing is skipped there. */
const hasPrograms = Object.values(programs).every((program) => Bun.which(program) !== null);

test.skipIf(!hasPrograms && process.env["CI"] === undefined)(
  "the reference deployment: two nodes behind HAProxy with Redis are one, and one of them can be stopped",
  async () => {
    using controllers = createCheckedControllers();
    await using reference = await startReference({ executable: await buildOnce(), controllers: controllers.path });
    using check = new ReferenceCheck(reference);
    expect(await check.open()).toContain("all hear each other");
    expect(await check.stopNode()).toContain("came back to node 1");
  },
  60_000,
);
