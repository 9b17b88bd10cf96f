import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeMachine } from "./machine.ts";

/** What is measured and written at a time. */
export type Section = "cases" | "peers" | "settings" | "plots" | "workers" | "sessions";

/** The page that each section is in. */
export function findPage(section: Section): string {
  return section === "workers" || section === "sessions" ? "docs/scaling.md" : "docs/performance.md";
}

/**
 * Puts `content` between the markers of a section.
 *
 * @throws {Error} if the text has no such markers
 */
export function replaceSection(text: string, section: Section, content: string): string {
  const [start, end] = [`<!-- bench:${section} -->`, `<!-- /bench:${section} -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from)
    throw new Error(`Cannot write "${section}": ${findPage(section)} has no "${start}" followed by "${end}"`);
  return `${text.slice(0, from)}${start}\n\n${content.trim()}\n\n${text.slice(to)}`;
}

/** Writes a section of its page, and below it when, where and how it was measured. */
export function writeSection(section: Section, content: string, command: string): void {
  const date = new Date().toISOString().slice(0, 10);
  const source = `Measured on ${date} with \`${command}\`: ${describeMachine()}.`;
  const file = join(import.meta.dir, "..", findPage(section));
  const text = readFileSync(file, "utf8");
  writeFormatted(file, replaceSection(text, section, `${content}\n\n${source}`));
}

/** Writes a file as the repository's formatter wants it. */
export function writeFormatted(file: string, text: string): void {
  writeFileSync(file, text);
  Bun.spawnSync([process.execPath, "fmt", file]);
}
