import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A folder of a test's own, which goes with it. */
export type TestFolder = Disposable & {
  path: string;
  /** Writes files, by their path within the folder. */
  write: (files: Record<string, string | Uint8Array>) => void;
};

/** Makes a folder with these files in it. */
export function createFolder(files: Record<string, string | Uint8Array> = {}): TestFolder {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "hubbub-test-")));
  const write: TestFolder["write"] = (written) => {
    for (const [file, text] of Object.entries(written)) {
      mkdirSync(dirname(join(path, file)), { recursive: true });
      writeFileSync(join(path, file), text);
    }
  };
  write(files);
  return { path, write, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
