import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { takeSnapshot } from "../../controllers/snapshot.ts";
import { Fault } from "../../core/errors.ts";
import { askBun } from "../run-bun.ts";
import { withScratch } from "../scratch.ts";
import type { Finding } from "./finding.ts";
import { createTypeOptions, type TypeOptions } from "./type-options.ts";

export type TypeCheck = {
  findings: Finding[];
  /** How many files were checked, the declarations of libraries not counted. */
  fileCount: number;
  /** Files whose types could not be checked, because they import one that the checker cannot read; absolute. */
  unchecked: string[];
};

const CONFIG = "tsconfig.json";

const SYNTAX = /^TS1\d\d\d$/;

/**
 * Checks the types of a folder with the runtime's checker, and the types that the executable carries.
 *
 * @throws {Fault} `SCRATCH`, `CHECKER`
 */
export function checkTypes(folder: string): Promise<TypeCheck> {
  return withScratch({ kit: "types", files: () => ({}) }, async (scratch) => {
    const options = createTypeOptions(folder, scratch);
    const first = await runChecker(folder, scratch, options, []);
    const broken = first.findings.flatMap(({ code, file }) => (SYNTAX.test(code) && file !== undefined ? [file] : []));
    const findings = [...options.findings, ...first.findings.filter((finding) => !isAllowedInScripts(finding))];
    if (first.fileCount > 0 || broken.length === 0) return { ...first, findings, unchecked: [] };
    // What cannot be parsed has kept the checker from all types: those that have nothing to do with it are checked now.
    const importers = listImporters(folder, new Set(broken));
    const second = await runChecker(folder, scratch, options, [...broken, ...importers]);
    return {
      findings: [...findings, ...second.findings],
      fileCount: second.fileCount + new Set(broken).size,
      unchecked: importers,
    };
  });
}

type Checked = Pick<TypeCheck, "findings" | "fileCount">;

/** @throws {Fault} `CHECKER` */
async function runChecker(
  folder: string,
  scratch: string,
  { config, configFile }: TypeOptions,
  without: readonly string[],
): Promise<Checked> {
  const file = join(scratch, CONFIG);
  writeFileSync(file, JSON.stringify({ ...config, exclude: [...config.exclude, ...without] }));
  const { exitCode, stdout, stderr } = await askBun(["check", "--no-script", "--no-pretty", "-p", file], folder);
  const findings = readFindings(stdout, folder).map((finding) =>
    finding.file === file ? { code: finding.code, message: finding.message, file: configFile } : finding,
  );
  const count = /(?:checked|No type errors in) (\d+) files?/.exec(stderr)?.[1];
  if (exitCode > 1 || count === undefined || (exitCode === 1 && findings.length === 0)) {
    const text = `Cannot check the types of "${folder}": the checker of the runtime ended with ${exitCode}`;
    throw new Fault("CHECKER", text, { detail: `${stdout}${stderr}`.trim() });
  }
  return { findings, fileCount: Number(count) };
}

/** What the checker takes for a mistake in every module, and the runtime reads in a script: an octal number, `with`. */
function isAllowedInScripts({ code, file }: Finding): boolean {
  if (!SYNTAX.test(code) || file === undefined || !/\.[cm]?jsx?$/.test(file)) return false;
  try {
    new Bun.Transpiler({ loader: "jsx" }).scanImports(readFileSync(file, "utf8"));
    return true;
  } catch {
    return false;
  }
}

/** What the checker prints for programs: `chat.ts(3,25): error TS2322: …`, and further lines indented. */
function readFindings(output: string, folder: string): Finding[] {
  const findings: Finding[] = [];
  for (const text of output.split("\n")) {
    const match = /^(?:(.+?)\((\d+),(\d+)\): )?error (TS\d+): (.*)$/.exec(text);
    const last = findings.at(-1);
    if (match !== null) {
      const [, file, line, column, code = "", message = ""] = match;
      findings.push({
        code,
        message,
        ...(file !== undefined && { file: resolve(folder, file), line: Number(line), column: Number(column) }),
      });
    } else if (text.startsWith(" ") && last !== undefined) last.message += `\n${text}`;
  }
  return findings;
}

/** The files of the folder that lead to one of `files`, through whatever they import; absolute. */
function listImporters(folder: string, files: ReadonlySet<string>): string[] {
  const modules = [...(takeSnapshot(folder)?.files.keys() ?? [])]
    .filter((file) => /\.[cm]?[jt]sx?$/.test(file))
    .map((file) => join(folder, file));
  const imports = new Map(modules.map((file) => [file, listImported(file)]));
  const reached = new Set(files);
  for (let size = -1; size !== reached.size;) {
    size = reached.size;
    for (const [file, imported] of imports) if (imported.some((each) => reached.has(each))) reached.add(file);
  }
  return [...reached].filter((file) => !files.has(file));
}

/** What a file may import of those beside it, types too: all that its texts name. */
function listImported(file: string): string[] {
  return [...readFileSync(file, "utf8").matchAll(/(["'])(\.{1,2}\/[^"'\n]*)\1/g)].flatMap(([, , path = ""]) => {
    try {
      return [Bun.resolveSync(path, dirname(file))];
    } catch {
      return [];
    }
  });
}
