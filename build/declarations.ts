import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseSync } from "oxc-parser";
import { isolatedDeclarationSync } from "oxc-transform";

/** A name in a file: where it is declared, or where it is given on from. */
type Origin = { file: string; name: string };

/** What declares a name: one top-level statement, or the several of an overloaded function. */
type Declaration = {
  /** Without `export` and `declare`, with the comments above. */
  text: string;
  /** Every identifier in it that is no member's name. */
  references: Set<string>;
  isType: boolean;
};

type DeclarationFile = {
  declarations: Map<string, Declaration>;
  /** By local name. */
  imports: Map<string, Origin>;
  /** By exported name; what is declared here has this file as its origin. */
  exports: Map<string, Origin>;
  /** The files behind `export *`, with whether only their types are given on. */
  stars: { file: string; onlyTypes: boolean }[];
};

type Module = { declarations: Map<string, Declaration>; exports: Set<string>; imports: Map<string, Set<string>> };

/**
 * Makes the declarations of `modules` one text of `declare module` blocks, which needs no other file.
 *
 * It holds what can be reached from what each file exports, and nothing of what is behind it. What two modules share is
 * declared in the first of them.
 *
 * @param modules a file for each module, whose imports are relative
 * @throws {Error} if two different declarations of one module have the same name, or one comes from a package
 */
export function bundleDeclarations(modules: Record<string, string>): string {
  const files = new Map<string, DeclarationFile>();
  const read = (file: string): DeclarationFile => {
    let known = files.get(file);
    if (known === undefined) files.set(file, (known = readDeclarations(file)));
    return known;
  };
  const owners = new Map<Declaration, string>();
  const blocks = Object.entries(modules).map(([name, file]) => {
    const module: Module = { declarations: new Map(), exports: new Set(), imports: new Map() };
    const add = (origin: Origin): void => {
      const declaration = read(origin.file).declarations.get(origin.name);
      if (declaration === undefined) return;
      const owner = owners.get(declaration) ?? name;
      if (owner !== name) {
        module.imports.set(owner, (module.imports.get(owner) ?? new Set()).add(origin.name));
        return;
      }
      owners.set(declaration, name);
      const other = module.declarations.get(origin.name);
      if (other === declaration) return;
      if (other !== undefined) throw new Error(`Two declarations of "${origin.name}" in "${name}"`);
      module.declarations.set(origin.name, declaration);
      for (const reference of declaration.references) {
        const local = findLocal(origin.file, reference, read);
        if (local === undefined) continue;
        if (local.name !== reference) throw new Error(`"${local.name}" is called "${reference}" in "${origin.file}"`);
        add(local);
      }
    };
    for (const [exported, origin] of listExports(file, read)) {
      module.exports.add(exported);
      add(origin);
    }
    return formatModule(name, module);
  });
  return blocks.join("\n");
}

/** Where a file's own name leads; undefined for a global one. */
function findLocal(file: string, name: string, read: (file: string) => DeclarationFile): Origin | undefined {
  const { declarations, imports } = read(file);
  if (declarations.has(name)) return { file, name };
  const imported = imports.get(name);
  return imported === undefined ? undefined : listExports(imported.file, read).get(imported.name);
}

/** Every name that a file exports, with the place of its declaration. */
function listExports(file: string, read: (file: string) => DeclarationFile): Map<string, Origin> {
  const { exports, stars } = read(file);
  const found = new Map<string, Origin>();
  for (const { file: star, onlyTypes } of stars) {
    for (const [name, origin] of listExports(star, read)) {
      const isType = read(origin.file).declarations.get(origin.name)?.isType ?? true;
      if (isType || !onlyTypes) found.set(name, origin);
    }
  }
  for (const [name, origin] of exports) {
    const source =
      origin.file === file ? findLocal(file, origin.name, read) : listExports(origin.file, read).get(origin.name);
    if (source === undefined) throw new Error(`"${file}" exports "${name}", which is nowhere declared`);
    found.set(name, source);
  }
  return found;
}

function formatModule(name: string, { declarations, exports, imports }: Module): string {
  const parts = [
    ...[...imports].map(([owner, used]) => `import type { ${[...used].sort().join(", ")} } from "${owner}";\n`),
    ...[...declarations.values()].map(({ text }) => text),
    `export { ${[...exports].sort().join(", ")} };\n`,
  ];
  return `declare module "${name}" {\n${parts.join("\n").replace(/^(?=.)/gm, "  ")}}\n`;
}

/** A file's declarations: a `.d.ts` as it is, those of any other made from its types, without following imports. */
function readDeclarations(file: string): DeclarationFile {
  const source = readFileSync(file, "utf8");
  const text = file.endsWith(".d.ts") ? source : isolatedDeclarationSync(file, source).code;
  const { program, comments, errors } = parseSync(`${file}.d.ts`, text);
  if (errors.length > 0) throw new Error(`Cannot parse the declarations of "${file}": ${errors[0]?.message}`);
  const found: DeclarationFile = { declarations: new Map(), imports: new Map(), exports: new Map(), stars: [] };
  const locate = (specifier: string) => resolve(dirname(file), specifier);
  for (const statement of program.body) {
    switch (statement.type) {
      case "ImportDeclaration":
        for (const { local, ...specifier } of statement.specifiers) {
          if (specifier.type !== "ImportSpecifier" || !("name" in specifier.imported)) continue;
          found.imports.set(local.name, { file: locate(statement.source.value), name: specifier.imported.name });
        }
        break;
      case "ExportAllDeclaration":
        found.stars.push({ file: locate(statement.source.value), onlyTypes: statement.exportKind === "type" });
        break;
      case "ExportNamedDeclaration":
        for (const { local, exported } of statement.specifiers) {
          if (!("name" in local) || !("name" in exported)) continue;
          const origin = statement.source === null ? file : locate(statement.source.value);
          found.exports.set(exported.name, { file: origin, name: local.name });
        }
        if (statement.declaration !== null) declare(statement.declaration, statement.start, true);
        break;
      default:
        declare(statement, statement.start, false);
    }
  }
  return found;

  function declare(node: object, start: number, isExported: boolean): void {
    const { end } = node as { end: number };
    const comment = comments.findLast((each) => each.end <= start && text.slice(each.end, start).trim() === "");
    const above = comment === undefined ? "" : `/*${comment.value}*/\n`;
    const statement = text
      .slice(start, end)
      .replace(/^(?:export )?(?:declare )?/, "")
      .replaceAll("\t", "  ");
    for (const name of listNames(node)) {
      const { text: before, references } = found.declarations.get(name) ?? { text: "", references: new Set<string>() };
      found.declarations.set(name, {
        text: `${before}${above}${statement}\n`,
        references: listReferences(node, references),
        isType: /^(?:type|interface) /.test(statement),
      });
      if (isExported) found.exports.set(name, { file, name });
    }
  }
}

type Named = { id?: { name?: string } | null; declarations?: { id: { name?: string } }[] };

function listNames(node: object): string[] {
  const { id, declarations } = node as Named;
  return (declarations?.map((each) => each.id.name) ?? [id?.name]).filter((name) => name !== undefined);
}

/** Every identifier below `node` that is no name of a member. */
function listReferences(node: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(node)) for (const each of node) listReferences(each, found);
  if (typeof node !== "object" || node === null || Array.isArray(node)) return found;
  const { type, name, computed, ...parts } = node as Record<string, unknown>;
  if (type === "Identifier" && typeof name === "string") found.add(name);
  for (const [part, value] of Object.entries(parts)) {
    const isMember = (part === "key" && computed !== true) || (part === "right" && type === "TSQualifiedName");
    if (!isMember) listReferences(value, found);
  }
  return found;
}
