import { join } from "node:path";
import { describeError, Fault, nameKind, toShowable } from "../core/errors.ts";
import { type ControllerRequest, defined, type HttpAnswer, type MethodName, methodNames } from "./controller.ts";
import { type OnEvent, toOnEvent } from "./event-handlers.ts";
import { shapeFault, takeFunction } from "./exports.ts";
import { locateImport } from "./import-location.ts";
import { type GroupListener, takeGroupListener } from "./group-listener.ts";
import { formatLocation, locate } from "./location.ts";
import { type ControllerSchemas, takeSchemas } from "./controller-schemas.ts";
import { compareSpecificity, isControllerFile, listParameters, toConflictKey, toPath } from "./paths.ts";
import { type Sender, sending } from "./sender.ts";
import { takeSnapshot } from "./snapshot.ts";

/** A controller as the server calls it. */
export type Controller = {
  /** The file, relative to the controllers folder. */
  readonly file: string;
  /** The path pattern, such as `/room/:id`. */
  readonly path: string;
  readonly parameters: readonly string[];
  /** Handlers by lower-case method name; `all` serves what is not there. */
  readonly answers: Readonly<Partial<Record<MethodName | "all", Answer>>>;
  /** What the `Allow` header says. */
  readonly allow: readonly string[];
  /** Absent if the controller hears no events. */
  readonly onEvent: OnEvent | undefined;
  /** Absent if the controller hears nothing of groups. */
  readonly groupListener: GroupListener | undefined;
  readonly schemas: ControllerSchemas;
  /** What the module exports as `dispose`: called when its generation ends. */
  readonly dispose: (() => unknown) | undefined;
};

export type Answer = (request: ControllerRequest, sender?: Sender<unknown>) => HttpAnswer;

/** How long a module may take to load, in milliseconds: it may wait for a database, not for ever. */
const LONGEST_LOAD_MS = 10_000;

/** The controllers of a folder by their names. */
export type FoundControllers = {
  /** Relative to the folder, the most specific path first. */
  files: { file: string; path: string }[];
  /** `CONTROLLER_NAME` and `CONTROLLER_CONFLICT` for what cannot be served beside them. */
  faults: Fault[];
};

/**
 * Finds the controller files below `folder`.
 *
 * @param snapshot what `folder` looks like, from whoever knows already
 * @throws {Fault} `FOLDER` if there is no such folder, or no controller in it.
 */
export function findControllers(folder: string, snapshot = takeSnapshot(folder)): FoundControllers {
  if (snapshot === undefined) {
    throw new Fault("FOLDER", `Cannot serve "${folder}": there is no such folder, expected one with controllers`);
  }
  const files = [...snapshot.files.keys()].filter(isControllerFile).sort();
  if (files.length === 0) {
    throw new Fault(
      "FOLDER",
      `Cannot serve "${folder}": it has no controllers, expected at least one file such as chat.ts`,
    );
  }
  const faults: Fault[] = [];
  const byKey = new Map<string, { file: string; path: string }>();
  for (const file of files) {
    try {
      addController(byKey, file);
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      faults.push(fault);
    }
  }
  return { files: [...byKey.values()].sort((a, b) => compareSpecificity(a.path, b.path)), faults };
}

/** @throws {Fault} `CONTROLLER_NAME`, `CONTROLLER_CONFLICT` */
function addController(byKey: Map<string, { file: string; path: string }>, file: string): void {
  const path = toPath(file);
  const other = byKey.get(toConflictKey(path));
  if (other !== undefined) {
    throw new Fault(
      "CONTROLLER_CONFLICT",
      `Cannot load controllers "${other.file}" and "${file}": both claim ${path}, expected one file for a path`,
      { place: { file } },
    );
  }
  byKey.set(toConflictKey(path), { file, path });
}

/**
 * Loads one controller's module through `load` and checks its exports.
 *
 * @throws {Fault} `CONTROLLER_LOAD` with a code frame, or `CONTROLLER_SHAPE`.
 */
export async function loadController(
  folder: string,
  { file, path }: { file: string; path: string },
  load: (file: string) => Promise<Record<string, unknown>>,
): Promise<Controller> {
  return toController(file, path, await loadModule(folder, file, load));
}

async function loadModule(folder: string, file: string, load: (file: string) => Promise<Record<string, unknown>>) {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(
      new Fault(
        "CONTROLLER_LOAD",
        `Cannot load controller "${file}": it did not finish within ${LONGEST_LOAD_MS / 1000} s`,
        { place: { file } },
      ),
    );
  }, LONGEST_LOAD_MS);
  try {
    return await Promise.race([load(join(folder, file)), late.promise]);
  } catch (thrown) {
    const error = toShowable(thrown);
    if (error instanceof Fault && error.code === "CONTROLLER_LOAD") throw error;
    const place = locate(error, folder) ?? locateImport(error, folder, join(folder, file));
    const where = place === undefined ? "" : ` at ${formatLocation(place)}`;
    const detail = error instanceof Fault ? undefined : Bun.inspect(error, { colors: false }).trim();
    // The rest of a text of several lines is in the detail.
    const [what] = describeError(error).split("\n", 1);
    throw new Fault("CONTROLLER_LOAD", `Cannot load controller "${file}": ${what}${where}`, {
      cause: error,
      detail,
      place: place ?? { file },
    });
  } finally {
    clearTimeout(timer);
  }
}

function toController(file: string, path: string, module: Record<string, unknown>): Controller {
  const { default: main, ...named } = module;
  // A CommonJS module's exports are its default; an ES module may export a definition as default.
  const exports: Record<PropertyKey, unknown> = { ...(isRecord(main) ? main : {}), ...named };
  if (main !== undefined && !isRecord(main) && Object.keys(named).length === 0) {
    throw shapeFault(file, `its default export is ${nameKind(main)}, expected what defineController returns`);
  }
  const isDefined = isRecord(main) && defined in main;
  const schemas = takeSchemas(file, exports, isDefined);
  const sender = isDefined ? (exports[sending] as Sender<unknown> | undefined) : undefined;
  const answers: Partial<Record<MethodName | "all", Answer>> = {};
  for (const name of [...methodNames, "all"] as const) {
    const key = exports[name.toUpperCase()] === undefined ? name : name.toUpperCase();
    const answer = takeFunction(file, exports, key) as Answer | undefined;
    if (answer !== undefined) answers[name] = sender === undefined ? answer : (request) => answer(request, sender);
  }
  const onEvent = toOnEvent(file, exports, schemas, sender);
  if (answers.get === undefined && isDefined) answers.get = () => ({ webSocket: {} });
  if (Object.keys(answers).length === 0 && onEvent === undefined) {
    const wanted = `${methodNames.join(", ")}, all and webSocketEvent`;
    throw shapeFault(
      file,
      `it exports none of ${wanted}; a file that is no controller belongs in lib/ or begins with "_"`,
    );
  }
  const groupListener = takeGroupListener(file, exports, isDefined, sender);
  const dispose = takeFunction(file, exports, "dispose") as Controller["dispose"];
  const allow = listAllowed(answers);
  return { file, path, parameters: listParameters(path), answers, allow, onEvent, groupListener, schemas, dispose };
}

function listAllowed(answers: Controller["answers"]): string[] {
  const names =
    answers.all === undefined ? methodNames.filter((name) => answers[name] !== undefined) : [...methodNames];
  if (names.includes("get") && !names.includes("head")) names.push("head");
  return names.map((name) => name.toUpperCase());
}

function isRecord(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === "object" && value !== null;
}
