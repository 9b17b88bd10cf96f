import { type Case, findCase } from "./cases.ts";
import type { Contender } from "./servers.ts";
import { createShape } from "./shape.ts";

/** A setting whose cost is measured: Hubbub with it against Hubbub without it. */
export type MeasuredSetting = {
  name: string;
  case: Case;
  flags: string[];
};

const list: readonly (Pick<MeasuredSetting, "name" | "flags"> & { on: string })[] = [
  { name: "--coalesce 0", on: "rate-1000-to-100", flags: ["--coalesce", "0"] },
  { name: "--coalesce 5ms", on: "rate-1000-to-100", flags: ["--coalesce", "5ms"] },
  { name: "--coalesce 0", on: "fan-out-100-waiting", flags: ["--coalesce", "0"] },
  { name: "--compress", on: "fan-out-1000-1kib", flags: ["--compress"] },
  {
    name: "--max-message-rate 1000000 --max-byte-rate 1GiB",
    on: "echo",
    flags: ["--max-message-rate", "1000000", "--max-byte-rate", "1GiB"],
  },
  { name: "--ping 1s", on: "rate-50-to-1000", flags: ["--ping", "1s"] },
];

export const measuredSettings: readonly MeasuredSetting[] = list.flatMap(({ name, on, flags }) => {
  const found = findCase(on);
  return found === undefined ? [] : [{ name, case: found, flags }];
});

/** Hubbub with a setting; its clients offer compression if that is what is set. */
export function withSetting(hubbub: Contender, { name, flags }: MeasuredSetting): Contender {
  const compress = flags.includes("--compress");
  return {
    name,
    command: (wish) => hubbub.command({ ...wish, flags: [...wish.flags, ...flags] }),
    adapt: (job) =>
      compress ? { ...job, compress, shape: createShape(job.shape.after.length + 12, { filling: "words" }) } : job,
  };
}
