import type { ControllerInfo } from "../controllers/api.ts";
import type { Loaded } from "../controllers/live.ts";
import { Fault } from "../core/errors.ts";
import type { Crew, Member } from "./crew.ts";
import { LinkEnded } from "./link.ts";
import { uniteFaults } from "./packed-faults.ts";

/** A generation as every worker has loaded it. */
export type CrewGeneration = Loaded & {
  readonly controllers: readonly ControllerInfo[];
  /** How many values each keeps. */
  readonly kept: number;
  readonly members: readonly Member[];
  hasServed: boolean;
};

/**
 * Loads a generation in every worker, in one of them first: a module that ends its thread ends only that one.
 *
 * @throws {Fault} `WORKER` if it did; {AggregateError} of the controllers' faults, each once. Then no worker has it.
 */
export async function loadCrewGeneration(crew: Crew, number: number): Promise<CrewGeneration> {
  const first = await findResponsive(crew.members);
  const { members } = crew;
  const generation = { number, members, hasServed: false, controllers: [] as ControllerInfo[], kept: 0 };
  const dispose = async () => {
    // What has served is ended by each worker, when the next one serves.
    if (!generation.hasServed) for (const { thread } of members) thread.link.tell("drop", undefined);
  };
  try {
    Object.assign(generation, await first.thread.link.ask("stage", number));
    const others = members.filter((member) => member !== first);
    const loaded = await Promise.allSettled(others.map(({ thread }) => thread.link.ask("stage", number)));
    const faults = loaded.flatMap((each) => (each.status === "rejected" ? [each.reason as unknown] : []));
    // One that has ended meanwhile is replaced, and loads it then.
    const real = faults.filter((fault) => !(fault instanceof LinkEnded));
    if (real.length > 0) throw new AggregateError(uniteFaults(real));
  } catch (error) {
    await dispose();
    if (!(error instanceof LinkEnded)) throw error;
    throw new Fault("WORKER", `Cannot load the controllers: that ended worker ${first.number} (${error.message})`);
  }
  return Object.assign(generation, { dispose });
}

/** Has every worker that has loaded `next` serve it. */
export async function swapCrew(next: CrewGeneration): Promise<void> {
  next.hasServed = true;
  await Promise.allSettled(next.members.map(({ thread }) => thread.link.ask("swap", undefined)));
}

/** The first worker whose event loop turns: one that is held may end at any moment, which says nothing of the controllers. */
async function findResponsive(members: readonly Member[]): Promise<Member> {
  for (const member of members) {
    const [answer] = await Promise.allSettled([member.thread.link.ask("read", { name: "", argument: undefined })]);
    if (answer.status === "fulfilled") return member;
  }
  throw new Fault("WORKER", `Cannot load the controllers: no worker runs`);
}
