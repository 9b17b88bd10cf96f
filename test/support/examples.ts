import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./server.ts";

/** The examples of a page of documentation: code whose fence says `controller name=FILE`. */
export function listExamples(page: string): Record<string, string> {
  const text = readFileSync(join(root, page), "utf8");
  const examples = text.matchAll(/^```\w+ controller name=(\S+)\n(.*?)^```$/gms);
  return Object.fromEntries([...examples].map(([, name = "", code = ""]) => [name, code]));
}
