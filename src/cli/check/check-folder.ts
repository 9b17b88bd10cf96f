import { join } from "node:path";
import { formatLocation } from "../../controllers/location.ts";
import { isControllerFile } from "../../controllers/paths.ts";
import { resolveLinks, takeSnapshot } from "../../controllers/snapshot.ts";
import { type Config, readConfig } from "../../core/config.ts";
import { describeError, Fault } from "../../core/errors.ts";
import { readGivenConfig } from "../config-file.ts";
import { withControllers } from "../load-controllers.ts";
import { checkTypes } from "./check-types.ts";
import { comparePlaces, type Finding } from "./finding.ts";

export type FolderCheck = {
  /** The folder, as links resolve. */
  folder: string;
  /** Sorted by place. */
  findings: Finding[];
  /** How many controllers there are. */
  controllerCount: number;
  /** How many files were checked for their types. */
  fileCount: number;
  /** Files whose types could not be checked, because they import one that the checker cannot read; absolute. */
  unchecked: string[];
};

/** What the checker says of what cannot be parsed or imported: at a line that does not load it is said already. */
const SAID_AT_LOAD = /^TS(?:1\d\d\d|2305|2307|2614|2724)$/;

/**
 * Reads the settings, loads the controllers in a folder, and checks the types of all that is in it.
 *
 * @throws {Fault} `FOLDER` if it has no controllers, `SCRATCH`, `CHECKER`
 */
export async function checkFolder(path: string): Promise<FolderCheck> {
  const folder = resolveLinks(path);
  const { config, findings: ofSettings } = readSettings();
  const [ofLoading, types] = await Promise.all([loadAll(folder, config), checkTypes(folder)]);
  const isSaid = ({ code, file, line }: Finding) =>
    SAID_AT_LOAD.test(code) && ofLoading.some((other) => other.file === file && other.line === line);
  const ofTypes = types.findings.filter((finding) => !isSaid(finding));
  const files = [...(takeSnapshot(folder)?.files.keys() ?? [])];
  return {
    ...types,
    folder,
    findings: [...ofSettings, ...ofLoading, ...ofTypes].sort(comparePlaces),
    controllerCount: files.filter(isControllerFile).length,
  };
}

/** The settings that controllers are loaded with; if they are wrong, what is wrong and the defaults. */
function readSettings(): { config: Config; findings: Finding[] } {
  try {
    return { config: readGivenConfig({ settings: {} }), findings: [] };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { config: readConfig(), findings: [{ code: error.code, message: error.message }] };
  }
}

/** What keeps the controllers of a folder from being served. */
async function loadAll(folder: string, config: Config): Promise<Finding[]> {
  try {
    return await withControllers({ path: folder, isEmbedded: false }, config, () => []);
  } catch (error) {
    if (!(error instanceof AggregateError)) throw error;
    return error.errors.map((each: unknown) => toFinding(each, folder));
  }
}

function toFinding(error: unknown, folder: string): Finding {
  if (!(error instanceof Fault) || error.place === undefined) throw error;
  const { file, line, column } = error.place;
  const where = line === undefined ? "" : ` at ${formatLocation({ file, line, column: column ?? 0 })}`;
  const text = describeError(error);
  const message = text.endsWith(where) ? text.slice(0, text.length - where.length) : text;
  return { code: error.code, message, file: join(folder, file), line, column };
}
