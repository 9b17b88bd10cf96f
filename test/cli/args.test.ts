import { expect, test } from "bun:test";
import { findClosest, readArguments } from "../../src/cli/args.ts";
import { isSwitch, settingNames } from "../../src/core/settings.ts";

const fault = (code: string, message: string) => expect.objectContaining({ name: "Fault", code, message });

const nothing = { command: "serve", operands: [], flags: {}, help: false, version: false };

test("readArguments() means serve when no command is given", () => {
  expect(readArguments([])).toEqual(nothing);
  expect(readArguments(["--port", "80"])).toEqual({ ...nothing, flags: { port: "80" } });
});

test("readArguments() takes the first word as the command and the rest as operands", () => {
  expect(readArguments(["help", "serve"])).toEqual({ ...nothing, command: "help", operands: ["serve"] });
  expect(readArguments(["serve", "a", "b"])).toEqual({ ...nothing, operands: ["a", "b"] });
});

test("readArguments() takes flags anywhere, with = or a space", () => {
  const wanted = { ...nothing, operands: ["folder"], flags: { port: "80", "log-level": "debug" } };
  expect(readArguments(["--port", "80", "serve", "folder", "--log-level=debug"])).toEqual(wanted);
  expect(readArguments(["serve", "--port=80", "folder", "--log-level", "debug"])).toEqual(wanted);
});

test("readArguments() takes every setting as a flag", () => {
  const argv = settingNames.flatMap((name) => (isSwitch(name) ? [`--${name}`] : [`--${name}`, "x"]));
  const flags = Object.fromEntries(settingNames.map((name) => [name, isSwitch(name) ? "true" : "x"]));
  expect(readArguments(argv)).toEqual({ ...nothing, flags });
});

test("readArguments() takes a switch as it is, with no- before it, or with =", () => {
  expect(readArguments(["--watch", "serve"])).toEqual({ ...nothing, flags: { watch: "true" } });
  expect(readArguments(["--no-watch", "serve"])).toEqual({ ...nothing, flags: { watch: "false" } });
  expect(readArguments(["--live-pages=auto"]).flags).toEqual({ "live-pages": "auto" });
  expect(readArguments(["--watch", "--no-watch"]).flags).toEqual({ watch: "false" });
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
  expect(readArguments(["--port", "1", "--port", "2"]).flags).toEqual({ port: "2" });
  expect(readArguments(["--origins", "a", "--origins=b,c"]).flags).toEqual({ origins: "a,b,c" });
  expect(readArguments(["--trust-proxy", "::1", "--trust-proxy", "private"]).flags).toEqual({
    "trust-proxy": "::1,private",
  });
});

test("readArguments() takes an empty value and one that begins with a dash", () => {
  expect(readArguments(["--host=", "--port", "-1"]).flags).toEqual({ host: "", port: "-1" });
});

test("readArguments() takes what follows -- as operands", () => {
  expect(readArguments(["serve", "--", "--port"])).toEqual({ ...nothing, operands: ["--port"] });
});

test.each([
  [["--help"], { help: true }],
  [["-h"], { help: true }],
  [["--version"], { version: true }],
  [["-v"], { version: true }],
  [["-hv"], { help: true, version: true }],
  [["help", "--help"], { command: "help", help: true }],
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

test.each([
  ["port", "port"],
  ["prot", "port"],
  ["por", "port"],
  ["ports", "port"],
  ["pixg", "ping"],
  ["p", undefined],
  ["", undefined],
  ["tropical", undefined],
])("findClosest() takes %p for %p", (name, closest) => {
  expect(findClosest(name, ["port", "ping", "host"])).toBe(closest);
});

test("findClosest() prefers the name with the fewest changes", () => {
  expect(findClosest("post", ["pos", "post", "port"])).toBe("post");
  expect(findClosest("abcd", ["abxx", "abcx"])).toBe("abcx");
});
