#!/usr/bin/env bun
import { runCommand } from "./cli/run.ts";
import { Fault } from "./core/errors.ts";
import { isJournal } from "./core/journal.ts";

process.exit(await main());

async function main(): Promise<number> {
  try {
    return await runCommand(process.argv.slice(2));
  } catch (error) {
    const errors: unknown[] = error instanceof AggregateError ? error.errors : [error];
    for (const each of errors) console.error(isJournal(2) ? format(each).replace(/^(?=.)/gm, "<3>") : format(each));
    return Math.max(...errors.map((each) => (each instanceof Fault ? each.exitCode : 1)));
  }
}

function format(error: unknown): string {
  if (!(error instanceof Fault)) return Bun.inspect(error);
  return error.detail === undefined
    ? `hubbub: ${error.message}`
    : `hubbub: ${error.message}\n\n${error.detail.replace(/^/gm, "  ")}\n`;
}
