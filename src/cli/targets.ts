import { closeSync, openSync, readSync } from "node:fs";

/** The platforms that the runtime is made for. */
export const targets = [
  "linux-x64",
  "linux-arm64",
  "linux-x64-musl",
  "linux-arm64-musl",
  "darwin-x64",
  "darwin-arm64",
  "windows-x64",
  "windows-arm64",
] as const;

export type Target = (typeof targets)[number];

export function isTarget(name: unknown): name is Target {
  return (targets as readonly unknown[]).includes(name);
}

/** The target that this process runs on. */
export const ownTarget = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}` as Target;

/** The package of the runtime for `target`, which has it as `bin/bun`. */
export function formatRuntimeAddress(target: Target): string {
  const name = `bun-${target.replace("arm64", "aarch64")}`;
  return `https://registry.npmjs.org/@oven/${name}/-/${name}-${Bun.version}.tgz`;
}

const elf = new Map([
  [0x3e, "linux-x64"],
  [0xb7, "linux-arm64"],
]);
const machO = new Map([
  [0x01000007, "darwin-x64"],
  [0x0100000c, "darwin-arm64"],
]);
const pe = new Map([
  [0x8664, "windows-x64"],
  [0xaa64, "windows-arm64"],
]);

/** What an executable runs on, by its first bytes; undefined if it is none that is known. */
export function readPlatform(file: string): string | undefined {
  const head = new DataView(readHead(file).buffer);
  const magic = head.getUint32(0, true);
  if (magic === 0x464c457f) return elf.get(head.getUint16(18, true));
  if (magic === 0xfeedfacf) return machO.get(head.getUint32(4, true));
  if ((magic & 0xffff) !== 0x5a4d) return undefined;
  const start = head.getUint32(0x3c, true);
  return start + 6 <= head.byteLength ? pe.get(head.getUint16(start + 4, true)) : undefined;
}

function readHead(file: string): Uint8Array {
  const head = new Uint8Array(4096);
  const descriptor = openSync(file, "r");
  try {
    readSync(descriptor, head);
  } finally {
    closeSync(descriptor);
  }
  return head;
}
