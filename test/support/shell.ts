import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createFolder } from "./folder.ts";
import { waitFor } from "./session.ts";

export const shellNames = ["bash", "zsh", "fish"] as const;

export type ShellName = (typeof shellNames)[number];

/** Whether the shell is here. In CI it must be: nothing is skipped there. */
export const hasShell = (name: ShellName): boolean => Bun.which(name) !== null || process.env["CI"] !== undefined;

/** A real shell that completes what is typed. */
export type CompletingShell = AsyncDisposable & {
  /** The words that the shell would put in the place of the last one of `line`, sorted. */
  complete: (line: string) => Promise<string[]>;
};

/** Says where the line is written to when Ctrl-O is typed, and has Tab insert all that fits instead of showing it. */
const set: Record<"bash" | "zsh", (file: string) => string> = {
  bash: (file) => `bind 'set bell-style none'
bind '"\\t": insert-completions'
write_line() { printf '%s' "$READLINE_LINE" > '${file}.new' && mv '${file}.new' '${file}'; }
bind -x '"\\C-o": write_line'`,
  zsh: (file) => `unsetopt beep
zstyle ':completion:*' list-prompt ''
insert_all() { _main_complete; compstate[list]=''; compstate[insert]=all }
zle -C insert_all complete-word insert_all
bindkey '^I' insert_all
write_line() { print -rn -- $BUFFER > '${file}.new' && mv '${file}.new' '${file}' }
zle -N write_line
bindkey '^O' write_line`,
};

const start = {
  bash: ["bash", "--norc", "--noprofile", "-i"],
  zsh: ["zsh", "-f", "-i"],
};

/** Starts a shell in `cwd` with a script that completes a program. */
export async function startShell(name: ShellName, script: string, cwd: string): Promise<CompletingShell> {
  const folder = createFolder({ script });
  if (name === "fish") return useFish(join(folder.path, "script"), cwd, folder);
  const line = join(folder.path, "line");
  const ready = join(folder.path, "ready");
  const before = name === "zsh" ? "autoload -U compinit && compinit -D -u\n" : "";
  folder.write({ rc: `${before}. '${folder.path}/script'\n${set[name](line)}\n: > '${ready}'\n` });
  const terminal = new Bun.Terminal({ cols: 1000, rows: 50 });
  const child = Bun.spawn(start[name], {
    terminal,
    cwd,
    env: { PATH: "/usr/bin:/bin", TERM: "dumb", HOME: folder.path },
  });
  terminal.write(`. '${folder.path}/rc'\n`);
  await waitFor(() => existsSync(ready), `${name} that completes`);
  return {
    complete: async (text) => {
      rmSync(line, { force: true });
      // Ctrl-U clears what was typed before.
      terminal.write(`\u0015${text}\t\u000f`);
      await waitFor(() => existsSync(line), `line of ${name}`);
      const typed = text.slice(text.lastIndexOf(" ") + 1);
      const words = splitWords(readFileSync(line, "utf8").slice(text.length - typed.length));
      return words.length === 1 && words[0] === typed ? [] : words.sort();
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
      terminal.close();
      folder[Symbol.dispose]();
    },
  };
}

/** fish tells by itself what it would complete. */
function useFish(script: string, cwd: string, folder: Disposable): CompletingShell {
  return {
    complete: async (text) => {
      const child = Bun.spawn(["fish", "--no-config", "-c", `source ${script}; complete -C ${JSON.stringify(text)}`], {
        cwd,
        env: { PATH: "/usr/bin:/bin", HOME: "/nowhere" },
        stdout: "pipe",
      });
      const lines = (await child.stdout.text()).split("\n").filter((each) => each !== "");
      return lines.map((each) => each.split("\t")[0] ?? "").sort();
    },
    [Symbol.asyncDispose]: async () => folder[Symbol.dispose](),
  };
}

/** A backslash keeps a space within a word. */
function splitWords(text: string): string[] {
  return [...text.matchAll(/(?:\\.|[^\s\\])+/g)].map(([word]) => word.replaceAll(/\\(.)/g, "$1"));
}
