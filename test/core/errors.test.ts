import { expect, test } from "bun:test";
import {
  describeError,
  describeStack,
  Fault,
  type FaultCode,
  faultCodes,
  nameKind,
  toShowable,
} from "../../src/core/errors.ts";

test("Fault carries its message, code, detail and cause", () => {
  const cause = new Error("below");
  const fault = new Fault("CONTROLLER_LOAD", "Cannot load", { cause, detail: "1 | const" });
  expect(fault).toBeInstanceOf(Error);
  expect(fault.name).toBe("Fault");
  expect(fault.message).toBe("Cannot load");
  expect(fault.code).toBe("CONTROLLER_LOAD");
  expect(fault.detail).toBe("1 | const");
  expect(fault.cause).toBe(cause);
  expect(new Fault("FOLDER", "Cannot serve").detail).toBeUndefined();
});

const exits: Record<2 | 78, FaultCode[]> = {
  2: ["COMMAND_UNKNOWN", "ARGUMENT_UNEXPECTED", "ARGUMENT_MISSING", "FLAG_UNKNOWN", "FLAG_VALUE", "UNIT"],
  78: [
    "CONFIG_VALUE",
    "CONFIG_FILE",
    "FOLDER",
    "CONTROLLER_NAME",
    "CONTROLLER_CONFLICT",
    "CONTROLLER_LOAD",
    "CONTROLLER_SHAPE",
    "COMPILE",
    "TLS",
    "BUS",
    "ADMIN_TOKEN",
  ],
};

test("Fault.exitCode is 2 for the command line, 78 for configuration and controllers, 1 for the rest", () => {
  for (const code of Object.keys(faultCodes) as FaultCode[]) {
    const wanted = exits[2].includes(code) ? 2 : exits[78].includes(code) ? 78 : 1;
    expect([code, new Fault(code, "").exitCode]).toEqual([code, wanted]);
  }
});

test("faultCodes has a code for each way to end with 2 or 78", () => {
  expect(Object.keys(faultCodes)).toEqual(expect.arrayContaining([...exits[2], ...exits[78]]));
});

test.each([
  [new Error("lost"), "lost"],
  [new TypeError(""), "TypeError"],
  ["text", "text"],
  [5, "5"],
  [null, "null"],
  [undefined, "undefined"],
  [Symbol("s"), "Symbol(s)"],
  [Object.create(null), "a value that cannot be shown"],
])("describeError() has a text for anything thrown: %#", (thrown, text) => {
  expect(describeError(thrown)).toBe(text);
});

test("describeStack() gives the stack of an error and nothing for what has none", () => {
  const error = new Error("lost");
  expect(describeStack(error)).toBe(error.stack);
  expect(describeStack("lost")).toBeUndefined();
});

test.each([
  [null, "null"],
  [undefined, "undefined"],
  [[], "an array"],
  [{}, "an object"],
  [1, "a number"],
  [1n, "a bigint"],
  ["", "a string"],
  [true, "a boolean"],
  [() => {}, "a function"],
  [Symbol("s"), "a symbol"],
])("nameKind() names %p: %s", (value, name) => {
  expect(nameKind(value)).toBe(name);
});

test("toShowable() gives back what can be looked at, and an error for what throws then", () => {
  const error = new Error("as asked");
  expect(toShowable(error)).toBe(error);
  expect(toShowable(undefined)).toBeUndefined();
  const angry = Object.defineProperty(new Error("x"), "stack", {
    get() {
      throw error;
    },
  });
  expect(describeError(toShowable(angry))).toBe("a value that cannot be shown");
});
