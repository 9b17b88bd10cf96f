import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** What the executable carries to be a toolchain: `build/kit.ts` says what is in each part. */
export const kitParts = ["types", "server", "templates"] as const;

export type KitPart = (typeof kitParts)[number];

/** Unpacks a part of the kit into `folder`, which is made if it is not there. */
export async function unpackKit(part: KitPart, folder: string): Promise<void> {
  // `Bun.Archive`'s own `extract` does not say what went wrong with a file, and hundreds of small ones are not worth threads.
  const folders = new Set<string>();
  for (const [file, content] of await listKit(part)) {
    const path = join(folder, file);
    const parent = dirname(path);
    if (!folders.has(parent)) mkdirSync(parent, { recursive: true });
    folders.add(parent);
    writeFileSync(path, await content.bytes());
  }
}

/** The files of a part, by their path in it. */
export async function listKit(part: KitPart): Promise<Map<string, Blob>> {
  return new Bun.Archive(await Bun.zstdDecompress(await readKit(part))).files();
}

/** A part as it is packed: in the executable one of its files, in the repository made from what lies there. */
export async function readKit(part: KitPart): Promise<Uint8Array<ArrayBuffer>> {
  if (Bun.isStandaloneExecutable) return readFileSync(join(import.meta.dir, kitFile(part)));
  // Not followed by the bundler: the executable has no use for what packs it.
  const packer = join(import.meta.dir, "../../build/kit.ts");
  const { packKit } = (await import(packer)) as typeof import("../../build/kit.ts");
  return packKit(part);
}

/** Where a part lies beside the executable's entry. */
export function kitFile(part: KitPart): string {
  return `kit/${part}.tar.zst`;
}
