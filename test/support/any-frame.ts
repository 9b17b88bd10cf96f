import * as fc from "fast-check";
import type { Frame } from "../../src/bus/frame.ts";

const text = fc.string({ unit: "binary", maxLength: 200 }).map((value) => value.toWellFormed());
const number = fc.maxSafeNat();
const payload = fc.oneof(
  text,
  fc.uint8Array({ maxLength: 300 }).map((bytes) => new Uint8Array(bytes)),
);
const sizes = fc.array(fc.tuple(text, number), { maxLength: 20 });
const members = fc.array(fc.record({ isIn: fc.boolean(), id: text, path: text, group: text }), { maxLength: 20 });
const member = fc.record({ id: text, public: fc.option(text, { nil: undefined }) });
const message = fc.record({
  message: payload,
  windowMs: fc.integer({ min: 0, max: 64_000 }).map((parts) => parts / 64),
  except: fc.option(text, { nil: undefined }),
});
const kind = <Kind extends Frame["kind"]>(...names: Kind[]) => fc.constantFrom(...names);

/** Any frame, with texts of any kind. */
export const anyFrame = fc.oneof(
  fc.record({ kind: kind("messages"), group: text, number, messages: fc.array(message, { maxLength: 10 }) }),
  fc.record({ kind: kind("send"), id: text, message: payload }),
  fc.record({ kind: kind("close"), id: text, code: number, reason: text }),
  fc.record({ kind: kind("join", "leave"), id: text, group: text }),
  fc.record({ kind: kind("gone"), id: text }),
  fc.record({ kind: kind("hello", "alive"), number }),
  fc.record({ kind: kind("bye", "ask-state", "returned") }),
  fc.record({ kind: kind("sizes"), number, sizes, members }),
  fc.record({ kind: kind("state"), number, part: number, isLast: fc.boolean(), sizes, members }),
  fc.record({ kind: kind("buried"), node: fc.constantFrom("00ff17a0b9c8", "123456789abc") }),
  fc.record({ kind: kind("ask-members"), request: number, group: text }),
  fc.record({ kind: kind("members"), request: number, isLast: fc.boolean(), members: fc.array(member) }),
) as fc.Arbitrary<Frame>;
