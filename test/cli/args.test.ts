import { expect, test } from "bun:test";
import { readArguments as read } from "../../src/cli/args.ts";
import type { Command } from "../../src/cli/command.ts";
import { commands } from "../../src/cli/commands.ts";
import { isSwitch, settingNames } from "../../src/core/settings.ts";

const fault = (code: string, message: string) => expect.objectContaining({ name: "Fault", code, message });

const tell: Command = {
  name: "tell",
  summary: "",
  text: "",
  operands: ["GROUP", "MESSAGE"],
  examples: [],
  flags: {
    out: { description: "", placeholder: "FILE", short: "o" },
    json: { description: "" },
  },
  takesSettings: false,
  run: async () => 0,
};

const passOn: Command = { ...tell, name: "bun", operands: ["[ARGUMENT]..."], flags: {}, isPassedOn: true };

/** Reads `argv` for the real commands and two that nobody else has; the command as its name. */
function readArguments(argv: string[]) {
  const { command, ...given } = read(argv, [...commands, tell, passOn]);
  return { ...given, command: command.name };
}

const nothing = {
  command: "serve",
  isNamed: false,
  operands: [] as string[],
  flags: {},
  settings: {},
  help: false,
  version: false,
};

const named = { ...nothing, isNamed: true };

test("readArguments() means serve when no command is given", () => {
  expect(readArguments([])).toEqual(nothing);
  expect(readArguments(["--port", "80"])).toEqual({ ...nothing, settings: { port: "80" } });
});

test("readArguments() takes the first word as the command and the rest as operands", () => {
  expect(readArguments(["help", "serve"])).toEqual({ ...named, command: "help", operands: ["serve"] });
  expect(readArguments(["tell", "a", "b"])).toEqual({ ...named, command: "tell", operands: ["a", "b"] });
});

test("readArguments() takes flags anywhere, with = or a space", () => {
  const wanted = { ...named, operands: ["folder"], settings: { port: "80", "log-level": "debug" } };
  expect(readArguments(["--port", "80", "serve", "folder", "--log-level=debug"])).toEqual(wanted);
  expect(readArguments(["serve", "--port=80", "folder", "--log-level", "debug"])).toEqual(wanted);
});

test("readArguments() takes every setting as a flag", () => {
  const argv = settingNames.flatMap((name) => (isSwitch(name) ? [`--${name}`] : [`--${name}`, "x"]));
  const settings = Object.fromEntries(settingNames.map((name) => [name, isSwitch(name) ? "true" : "x"]));
  expect(readArguments(argv)).toEqual({ ...nothing, settings });
});

test("readArguments() takes a switch as it is, with no- before it, or with =", () => {
  expect(readArguments(["--watch", "serve"])).toEqual({ ...named, settings: { watch: "true" } });
  expect(readArguments(["--no-watch", "serve"])).toEqual({ ...named, settings: { watch: "false" } });
  expect(readArguments(["--live-pages=auto"]).settings).toEqual({ "live-pages": "auto" });
  expect(readArguments(["--watch", "--no-watch"]).settings).toEqual({ watch: "false" });
});

test("readArguments() takes no- before a switch only", () => {
  expect(() => readArguments(["--no-port"])).toThrow(
    expect.objectContaining({
      code: "FLAG_UNKNOWN",
      message: expect.stringMatching(/^Cannot use flag "--no-port": there is no such flag, expected /),
    }),
  );
});

test("readArguments() takes the last of several values, and all of a list's", () => {
  expect(readArguments(["--port", "1", "--port", "2"]).settings).toEqual({ port: "2" });
  expect(readArguments(["--origins", "a", "--origins=b,c"]).settings).toEqual({ origins: "a,b,c" });
  expect(readArguments(["--trust-proxy", "::1", "--trust-proxy", "private"]).settings).toEqual({
    "trust-proxy": "::1,private",
  });
});

test("readArguments() takes an empty value and one that begins with a dash", () => {
  expect(readArguments(["--host=", "--port", "-1"]).settings).toEqual({ host: "", port: "-1" });
});

test("readArguments() takes what follows -- as operands", () => {
  expect(readArguments(["serve", "--", "--port"])).toEqual({ ...named, operands: ["--port"] });
});

test.each([
  [["--help"], { help: true }],
  [["-h"], { help: true }],
  [["--version"], { version: true }],
  [["-v"], { version: true }],
  [["-hv"], { help: true, version: true }],
  [["help", "--help"], { command: "help", isNamed: true, help: true }],
])("readArguments() reads %p", (argv, wanted) => {
  expect(readArguments(argv)).toEqual({ ...nothing, ...wanted });
});

test.each([
  ["--prot", "80", 'Cannot use flag "--prot": there is no such flag, expected --port'],
  ["--tiemout=5", "", 'Cannot use flag "--tiemout": there is no such flag, expected --timeout'],
  ["--maxmessage", "1", 'Cannot use flag "--maxmessage": there is no such flag, expected --max-message'],
  ["--verison", "", 'Cannot use flag "--verison": there is no such flag, expected --version'],
  ["--colour", "", 'Cannot use flag "--colour": there is no such flag, expected one that `hubbub help serve` lists'],
  ["-p", "80", 'Cannot use flag "-p": there is no such flag, expected one that `hubbub help serve` lists'],
  ["-hp", "80", 'Cannot use flag "-p": there is no such flag, expected one that `hubbub help serve` lists'],
  [
    "--constructor",
    "",
    'Cannot use flag "--constructor": there is no such flag, expected one that `hubbub help serve` lists',
  ],
])("readArguments() refuses %s %s", (flag, value, message) => {
  expect(() => readArguments(["serve", flag, value])).toThrow(fault("FLAG_UNKNOWN", message));
});

test.each([
  [["--port"], "port"],
  [["--port", "--host", "::1"], "port"],
  [["serve", "folder", "--max-message"], "max-message"],
])("readArguments() refuses a flag without its value: %p", (argv, name) => {
  expect(() => readArguments(argv)).toThrow(
    fault("FLAG_VALUE", `Cannot use flag "--${name}": it has no value, expected --${name} VALUE`),
  );
});

test("readArguments() takes a command's own flags, short ones and switches too", () => {
  const flags: Record<string, string | true> = { out: "f", json: true };
  const wanted = { ...named, command: "tell", operands: ["a", "b"], flags };
  for (const argv of [
    ["tell", "-o", "f", "a", "b", "--json"],
    ["--json", "--out=f", "tell", "a", "b"],
    ["tell", "a", "--out", "x", "-o", "f", "b", "--json"],
  ]) {
    expect(readArguments(argv)).toEqual(wanted);
  }
});

test.each([
  [["serve", "--json"], 'Cannot use flag "--json": there is no such flag, expected one that `hubbub help serve` lists'],
  [["-o", "f"], 'Cannot use flag "-o": there is no such flag, expected one that `hubbub help serve` lists'],
  [["tell", "a", "b", "--port", "1"], 'Cannot use flag "--port": there is no such flag, expected --out'],
  [["tell", "a", "b", "--jsn"], 'Cannot use flag "--jsn": there is no such flag, expected --json'],
])("readArguments() refuses another command's flag: %p", (argv, message) => {
  expect(() => readArguments(argv)).toThrow(fault("FLAG_UNKNOWN", message));
});

test("readArguments() refuses a command's flag without its value", () => {
  expect(() => readArguments(["tell", "a", "b", "-o"])).toThrow(
    fault("FLAG_VALUE", 'Cannot use flag "-o": it has no value, expected -o FILE'),
  );
});

test("readArguments() passes on everything after a command that says so", () => {
  const argv = ["add", "zod", "--help", "-v", "--port", "--", "x"];
  expect(readArguments(["bun", ...argv])).toEqual({ ...named, command: "bun", operands: argv });
});

test.each([
  [["tell"], "GROUP"],
  [["tell", "a"], "MESSAGE"],
])("readArguments() says which argument is missing: %p", (argv, name) => {
  const usage = "hubbub tell GROUP MESSAGE [FLAGS]";
  expect(() => readArguments(argv)).toThrow(
    fault("ARGUMENT_MISSING", `Cannot run "tell": ${name} is missing, expected ${usage}`),
  );
  expect(readArguments([...argv, "--help"])).toMatchObject({ command: "tell", help: true });
});

test.each([
  [["serve", "a", "b"], 'Cannot use "b": serve takes only [DIR], expected hubbub serve [DIR] [FLAGS]'],
  [["version", "a"], 'Cannot use "a": version takes no arguments, expected hubbub version'],
  [
    ["tell", "a", "b", "c"],
    'Cannot use "c": tell takes only GROUP and MESSAGE, expected hubbub tell GROUP MESSAGE [FLAGS]',
  ],
])("readArguments() refuses an argument too many: %p", (argv, message) => {
  expect(() => readArguments(argv)).toThrow(fault("ARGUMENT_UNEXPECTED", message));
});

test("commands have no two flags of one name that differ in taking a value", () => {
  const kinds = new Map(settingNames.map((name) => [name as string, !isSwitch(name)]));
  for (const { flags } of commands) {
    for (const [name, { placeholder }] of Object.entries(flags)) {
      const takesValue = placeholder !== undefined;
      expect([name, kinds.get(name) ?? takesValue]).toEqual([name, takesValue]);
      kinds.set(name, takesValue);
    }
  }
});
