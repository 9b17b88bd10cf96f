import { nameKind } from "../core/errors.ts";
import type { GroupEvent } from "../sessions/event.ts";
import { type Exports, shapeFault, takeFunction } from "./exports.ts";
import type { Sender } from "./sender.ts";

/** Whose joining and leaving a controller hears: that of its sessions at this node, or at all. */
export type GroupScope = "node" | "cluster";

/** What hears that a controller's sessions join groups and leave them. */
export type GroupListener = {
  readonly scope: GroupScope;
  readonly onGroupEvent: (event: GroupEvent) => unknown;
};

type Handler = (event: GroupEvent, sender?: Sender<unknown>) => unknown;

/**
 * What a controller exports as `groupEvent`, or gives to `defineController` as `group`, with its `scope`; undefined without it.
 *
 * @param sender what a controller with `sends` is given beside the event
 * @throws {Fault} `CONTROLLER_SHAPE`
 */
export function takeGroupListener(
  file: string,
  exports: Exports,
  isDefined: boolean,
  sender: Sender<unknown> | undefined,
): GroupListener | undefined {
  const named = takeFunction(file, exports, "groupEvent") as Handler | undefined;
  // In other exports the short name means nothing.
  const short = isDefined ? (takeFunction(file, exports, "group") as Handler | undefined) : undefined;
  if (named !== undefined && short !== undefined)
    throw shapeFault(file, `it has "groupEvent" and "group", expected one or the other`);
  const handler = named ?? short;
  if (handler === undefined) {
    if (isDefined && exports["scope"] !== undefined)
      throw shapeFault(file, `it has "scope" and nothing hears groups, expected "group" or "groupEvent" too`);
    return undefined;
  }
  const onGroupEvent: GroupListener["onGroupEvent"] =
    sender === undefined ? handler : (event) => handler(event, sender);
  return { scope: takeScope(file, exports), onGroupEvent };
}

function takeScope(file: string, { scope }: Exports): GroupScope {
  if (scope === undefined) return "node";
  if (scope === "node" || scope === "cluster") return scope;
  const what = typeof scope === "string" ? `"${scope}"` : nameKind(scope);
  throw shapeFault(file, `"scope" is ${what}, expected "node" or "cluster"`);
}
