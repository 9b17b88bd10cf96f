import { askSize, Crowd, crowdControllers, type CrowdMember, EVERYBODY } from "../../test/support/crowd.ts";
import { createFolder, type TestFolder } from "../../test/support/folder.ts";
import { waitFor } from "../../test/support/session.ts";
import type { Part, Reference } from "./reference.ts";

const SESSIONS = 60;

/** So many things each session says each time. */
const ROUNDS = 3;

const GROUPS = Array.from({ length: 6 }, (_, index) => `group${index}`);

/** A folder with the controllers that `ReferenceCheck` talks to. */
export function createCheckedControllers(): TestFolder {
  return createFolder(crowdControllers);
}

/**
 * Sessions at the reference deployment, which make sure after each step that every message reaches every member once, in
 * its sender's order. Each step says what it has seen, and throws what was not so.
 */
export class ReferenceCheck implements Disposable {
  readonly #reference: Reference;
  readonly #crowd = new Crowd();

  constructor(reference: Reference) {
    this.#reference = reference;
  }

  async open(): Promise<string> {
    const { front, nodes } = this.#reference;
    await this.#join(SESSIONS);
    await this.#talk(nodes);
    const { members } = await askSize(front, EVERYBODY);
    // An id begins with its worker's own.
    const workers = new Set(members.map(({ id }) => id.slice(0, 13))).size;
    if (workers !== 4) throw new Error(`There are sessions on ${workers} workers, expected four`);
    const counts = await Promise.all(nodes.map((node) => this.#countAt(node)));
    return `${SESSIONS} sessions through HAProxy, ${counts.join(" and ")} on the nodes: all hear each other`;
  }

  async killNode(): Promise<string> {
    const [one, other] = this.#reference.nodes;
    const count = await this.#countAt(one);
    await one.end("SIGKILL");
    await this.#comeBack(count);
    await this.#talk([other]);
    return `Node 1 was killed: its ${count} sessions came back to node 2`;
  }

  async startNode(): Promise<string> {
    const { nodes } = this.#reference;
    const [one] = nodes;
    await one.start();
    await waitFor(async () => {
      await this.#join(1);
      return (await this.#countAt(one)) > 5;
    }, "sessions on node 1");
    await this.#talk(nodes);
    return "Node 1 was started again: new sessions go to it";
  }

  async restartRedis(): Promise<string> {
    const { nodes, redis } = this.#reference;
    const isReady = async () => {
      const answers = await Promise.all(nodes.map(({ origin }) => fetch(`${origin}/-/ready`)));
      return answers.every(({ ok }) => ok);
    };
    await redis.end("SIGKILL");
    await waitFor(async () => !(await isReady()), "nodes that miss their bus");
    await this.#join(2);
    await redis.start();
    await waitFor(isReady, "nodes that have their bus");
    await this.#talk(nodes);
    return "Redis was killed and started again: no session ended, and new ones were taken meanwhile";
  }

  async stopNode(): Promise<string> {
    const [one, other] = this.#reference.nodes;
    const count = await this.#countAt(other);
    const exitCode = await other.end("SIGTERM");
    if (exitCode !== 0) throw new Error(`Node 2 ended with ${exitCode}, expected 0`);
    await this.#comeBack(count);
    await this.#talk([one]);
    return `Node 2 was stopped: its ${count} sessions were closed, and came back to node 1`;
  }

  [Symbol.dispose](): void {
    this.#crowd[Symbol.dispose]();
  }

  #join(count: number): Promise<void> {
    return this.#crowd.join(this.#reference.front, count, GROUPS);
  }

  /** All nodes know of all sessions, and all hear what all say. */
  async #talk(nodes: readonly Part[]): Promise<void> {
    const { members, problems } = this.#crowd;
    await this.#crowd.agree(nodes, EVERYBODY, members.length);
    await this.#crowd.talk(members, ROUNDS, members);
    if (problems.length > 0) throw new Error(problems.join("\n"));
  }

  /** So many sessions end, and as many are opened again. */
  async #comeBack(count: number): Promise<void> {
    const { members } = this.#crowd;
    const isOpen = ({ socket }: CrowdMember) => socket.readyState === WebSocket.OPEN;
    const left = members.length - count;
    await waitFor(() => members.filter(isOpen).length === left, `${left} open sessions`);
    members.splice(0, Infinity, ...members.filter(isOpen));
    await this.#join(count);
  }

  async #countAt({ origin }: Part): Promise<number> {
    const headers = { Authorization: `Bearer ${this.#reference.adminToken}` };
    const answer = await fetch(`${origin}/-/api/health`, { headers });
    return ((await answer.json()) as { sessions: number }).sessions;
  }
}
