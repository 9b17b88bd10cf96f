import { expect, test } from "bun:test";
import { Fault } from "../../src/core/errors.ts";
import { type Calls, Link, LinkEnded } from "../../src/workers/link.ts";
import { uniteFaults } from "../../src/workers/packed-faults.ts";

/** Two ends that hand each other copies, as threads do. */
function connect<Remote extends Calls>(calls: Remote): Link<Remote> {
  const near: Link<Remote> = new Link((message) => far.take(structuredClone(message)), {});
  const far = new Link((message) => near.take(structuredClone(message)), calls);
  return near;
}

test("Link.ask() gives the other end's answers, each to its question, and tell() waits for none", async () => {
  const told: string[] = [];
  const link = connect({
    double: async (value: number) => {
      await Bun.sleep(5 - value);
      return value * 2;
    },
    note: (text: string) => void told.push(text),
  });
  link.tell("note", "first");
  expect(await Promise.all([1, 2, 3].map((value) => link.ask("double", value)))).toEqual([2, 4, 6]);
  expect(told).toEqual(["first"]);
});

test("Link.ask() rejects with the other end's faults: their codes, texts, details and places", async () => {
  const place = { file: "a.ts", line: 1, column: 2 };
  const fault = new Fault("CONTROLLER_LOAD", "Cannot load it", { detail: "code", place });
  const link = connect({
    one: () => Promise.reject(fault),
    several: () => Promise.reject(new AggregateError([fault, new Error("plain")])),
  });
  expect(link.ask("one", undefined)).rejects.toMatchObject({ code: "CONTROLLER_LOAD", detail: "code", place });
  const { errors } = (await link.ask("several", undefined).catch((error: unknown) => error)) as AggregateError;
  expect(errors).toMatchObject([{ message: "Cannot load it" }, { message: "plain" }]);
  expect(errors[0]).toBeInstanceOf(Fault);
});

test("Link.end() rejects what was asked and will be asked", async () => {
  const link = connect({ never: () => new Promise<void>(() => {}) });
  const asked = link.ask("never", undefined);
  link.end("it is gone");
  expect(asked).rejects.toEqual(new LinkEnded("it is gone"));
  expect(link.ask("never", undefined)).rejects.toBeInstanceOf(LinkEnded);
});

test("uniteFaults() keeps each fault once, in its order", () => {
  const [one, other] = [new Fault("CONTROLLER_LOAD", "one"), new Fault("CONTROLLER_SHAPE", "other")];
  const united = uniteFaults([new AggregateError([one, other]), new Fault("CONTROLLER_LOAD", "one"), other]);
  expect(united).toEqual([one, other]);
});
