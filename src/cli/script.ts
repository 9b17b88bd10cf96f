import { readFileSync } from "node:fs";
import { dirname, extname } from "node:path";

/** The free identifiers that a controllers folder's modules have beside the runtime's own. */
const globals = ["log", "app", "resolve", "__", "console", "process"];

const REQUIRE = /\brequire\s*\(\s*(["'])([^"'\n]+)\1\s*\)/g;

/** Whether a file is CommonJS, by the runtime's rules: its name says so, or it has no import and no export. */
export function isScript(file: string): boolean {
  const extension = extname(file);
  if (extension === ".cjs" || extension === ".cts") return true;
  if (extension === ".mjs" || extension === ".mts") return false;
  const text = readFileSync(file, "utf8");
  if (/^(?:import|export)\b/m.test(text)) return false;
  const { imports, exports } = createTranspiler(file).scan(text);
  if (exports.length > 0 || imports.some(({ kind }) => kind === "import-statement")) return false;
  return /\b(?:require|exports|module)\b/.test(text);
}

/** What a module imports and requires by name, types left out. */
export function listSpecifiers(file: string): string[] {
  const text = readFileSync(file, "utf8");
  const { imports } = createTranspiler(file).scan(text);
  return [...imports.map(({ path }) => path), ...listRequired(text)];
}

/**
 * A CommonJS file as a module that can be bundled.
 *
 * The bundler would make it strict, and then `name = value` without a declaration throws: so its text stays a script, and
 * the bundler sees what it requires.
 *
 * @param embedded where the file is in the executable
 */
export function wrapScript(file: string, embedded: string, name: string): string {
  const text = readFileSync(file, "utf8");
  const plain = /\.[cm]?js$/.test(file) ? text : createTranspiler(file).transformSync(text);
  const names = ["exports", "require", "module", "__filename", "__dirname", ...globals];
  const script = `(function (${names.join(", ")}) {${plain}\n})\n//# sourceURL=${name}`;
  const required = listRequired(text).map((path) => {
    const quoted = JSON.stringify(path);
    // What cannot be found is an error when it is required, as it is without the bundler.
    return `${quoted}: () => { try { return require(${quoted}); } catch (error) { throw error; } },`;
  });
  return `
const required = { ${required.join("\n")} };
const requireOwn = (path) => {
  if (Object.hasOwn(required, path)) return required[path]();
  throw Object.assign(new Error(\`Cannot find module '\${path}' in the executable\`), { code: "MODULE_NOT_FOUND" });
};
(0, eval)(${JSON.stringify(script)}).call(
  module.exports, module.exports, requireOwn, module, ${JSON.stringify(embedded)}, ${JSON.stringify(dirname(embedded))}, ${globals.join(", ")},
);
`;
}

function listRequired(text: string): string[] {
  return [...new Set([...text.matchAll(REQUIRE)].map(([, , path = ""]) => path))];
}

function createTranspiler(file: string): Bun.Transpiler {
  const loader = extname(file)
    .replace(/^\.[cm]/, ".")
    .slice(1) as "js" | "ts" | "jsx" | "tsx";
  return new Bun.Transpiler({ loader });
}
