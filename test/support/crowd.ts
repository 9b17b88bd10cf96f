import type { TestProcess } from "./binary.ts";
import { waitFor } from "./session.ts";

/** The controller that a crowd talks to: a session says `GROUP REST`, and the group hears it. */
export const crowdControllers = {
  "crowd.js": `
import { addToGroup, getGroupMembers, getGroupSize, send, sendToGroup } from "hubbub";
export const get = async ({ webSocket, params }) => {
  if (webSocket) return { webSocket: { data: { groups: [params.group].flat(), public: params.name } } };
  return { body: { size: getGroupSize(params.group), members: await getGroupMembers(params.group) } };
};
export function webSocketEvent({ type, session, data, message }) {
  if (type === "open") {
    for (const group of data.groups) addToGroup(group, session.id);
    send(session.id, "ready");
  }
  if (type === "message") sendToGroup(message.slice(0, message.indexOf(" ")), message);
}`,
};

/** The group that everybody is in. */
export const EVERYBODY = "all";

/** What sessions are opened at: a node, or what stands before several. */
export type Place = Pick<TestProcess, "origin">;

/** One session of a crowd. */
export type CrowdMember = {
  name: string;
  /** The node that it is at. */
  node: Place;
  /** Its own group; it is in `EVERYBODY` too. */
  group: string;
  socket: WebSocket;
  /** How much it has said to each group. */
  said: Map<string, number>;
  /** The number of the last message that came from each other member to each group. */
  heard: Map<string, number>;
  /** Messages that came since `talk` began, by who said them to which group. */
  counted: Map<string, number>;
};

/** Many sessions at several nodes, which note that nothing comes twice or in another order than it was said. */
export class Crowd implements Disposable {
  readonly members: CrowdMember[] = [];
  /** What was wrong; empty if nothing was. */
  readonly problems: string[] = [];
  #count = 0;

  /** Opens sessions at a node, one after another in each of the groups, and resolves when all are in them. */
  async join(node: Place, count: number, groups: readonly string[]): Promise<void> {
    const opened = Array.from({ length: count }, (_, index) => this.#open(node, groups[index % groups.length] ?? ""));
    await Promise.all(opened);
  }

  /** Ends the sessions at a node, and forgets them. */
  leave(node: Place): void {
    for (const { socket } of this.at(node)) socket.terminate();
    const others = this.members.filter((member) => member.node !== node);
    this.members.splice(0, this.members.length, ...others);
  }

  at(...nodes: Place[]): CrowdMember[] {
    return this.members.filter(({ node }) => nodes.includes(node));
  }

  /** A member says something to a group, and nobody waits for it. */
  say(member: CrowdMember, group: string): number {
    const number = (member.said.get(group) ?? 0) + 1;
    member.said.set(group, number);
    member.socket.send(`${group} ${member.name} ${number}`);
    return number;
  }

  /** Each of `speakers` says `count` things to its group, and all of `listeners` that are in it hear each of them once. */
  async talk(speakers: readonly CrowdMember[], count: number, listeners: readonly CrowdMember[]): Promise<void> {
    for (const { counted } of listeners) counted.clear();
    for (let round = 0; round < count; round += 1) for (const speaker of speakers) this.say(speaker, speaker.group);
    const listensTo = (listener: CrowdMember, group: string) => group === listener.group || group === EVERYBODY;
    const missing = () => {
      for (const { group, name } of speakers) {
        for (const listener of listeners) {
          if (listensTo(listener, group) && (listener.counted.get(`${group} ${name}`) ?? 0) < count)
            return `${listener.name} at ${listener.node.origin}: ${listener.counted.get(`${group} ${name}`) ?? 0} of ${count} that ${name} said to ${group}`;
        }
      }
      return undefined;
    };
    await waitFor(() => missing() === undefined, "end of the talk").catch((error: unknown) => {
      throw new Error(`${String(error)}: ${missing()}`);
    });
    for (const { group, name } of speakers) {
      for (const listener of listeners) {
        const heard = listener.counted.get(`${group} ${name}`) ?? 0;
        if (heard > count) this.problems.push(`${listener.name} heard ${name} ${heard} times, expected ${count}`);
      }
    }
  }

  /** Resolves when each node counts so many sessions in a group. */
  async agree(nodes: readonly Place[], group: string, size: number): Promise<void> {
    await waitFor(async () => {
      const answers = await Promise.all(nodes.map(async (node) => (await askSize(node, group)).size));
      return answers.every((each) => each === size);
    }, `agreement that ${size} are in ${group}`);
  }

  [Symbol.dispose](): void {
    for (const { socket } of this.members) socket.terminate();
  }

  async #open(node: Place, group: string): Promise<void> {
    const name = `m${(this.#count += 1)}`;
    const url = `${node.origin.replace("http", "ws")}/crowd?group=${group}&group=${EVERYBODY}&name=${name}`;
    const socket = new WebSocket(url);
    const maps = { said: new Map(), heard: new Map(), counted: new Map() };
    const member: CrowdMember = { name, node, group, socket, ...maps };
    this.members.push(member);
    const ready = Promise.withResolvers<void>();
    socket.addEventListener("message", ({ data }) => {
      const text = String(data);
      if (text === "ready") ready.resolve();
      else this.#hear(member, text);
    });
    socket.addEventListener("close", () => ready.reject(new Error(`${name} was refused or closed`)));
    await ready.promise;
  }

  #hear({ name, heard, counted }: CrowdMember, text: string): void {
    const space = text.lastIndexOf(" ");
    const key = text.slice(0, space);
    const number = Number(text.slice(space + 1));
    const last = heard.get(key) ?? 0;
    if (number <= last) this.problems.push(`${name} heard "${text}" after ${last}`);
    heard.set(key, number);
    counted.set(key, (counted.get(key) ?? 0) + 1);
  }
}

/** What a node says of a group. */
export async function askSize(node: Place, group: string): Promise<{ size: number; members: { id: string }[] }> {
  const answer = await fetch(`${node.origin}/crowd?group=${group}`, { headers: { Connection: "close" } });
  return (await answer.json()) as { size: number; members: { id: string }[] };
}

/** Whether a node says that it is whole. */
export async function isReady(node: TestProcess): Promise<boolean> {
  return (await node.fetch("/-/ready")).status === 200;
}
