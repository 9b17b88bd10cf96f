import fc from "fast-check";

/** One byte that is changed, put in or left out. */
export type Mutation = { at: number; how: "change" | "insert" | "remove"; byte: number };

/** Mostly none, sometimes a few of them in the first `length` bytes. */
export function arbitraryMutations(length: number, byte: fc.Arbitrary<number>): fc.Arbitrary<Mutation[]> {
  const mutation = fc.record({
    at: fc.nat({ max: length }),
    how: fc.constantFrom("change" as const, "insert" as const, "remove" as const),
    byte,
  });
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant<Mutation[]>([]) },
    { weight: 1, arbitrary: fc.array(mutation, { minLength: 1, maxLength: 3 }) },
  );
}

export function mutate(bytes: Buffer, mutations: readonly Mutation[]): Buffer {
  const list = [...bytes];
  for (const { at, how, byte } of mutations) {
    const index = Math.min(at, list.length);
    if (how === "change") list[index] = byte;
    if (how === "insert") list.splice(index, 0, byte);
    if (how === "remove") list.splice(index, 1);
  }
  return Buffer.from(list);
}

/** `bytes` in pieces that end at `cuts` and at its end. */
export function splitAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
  return ends.map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end));
}
