import { cp, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { packKit } from "./build/kit.ts";
import { kitFile, kitParts } from "./src/cli/kit.ts";
import { listModules } from "./src/controllers/modules.ts";
import { isControllerFile } from "./src/controllers/paths.ts";

/**
 * Builds the executable: the server, the example controllers, their pages and the runtime in one file.
 *
 * @param outfile where it goes
 */
export async function buildExecutable(outfile: string): Promise<void> {
  const root = import.meta.dir;
  const controllers = (await readdir(join(root, "controllers"), { recursive: true })).filter(isControllerFile);
  const staging = await mkdtemp(join(tmpdir(), "hubbub-build-"));
  try {
    // Assets keep the name of the folder that is given, so the pages are staged as controllers/public.
    await cp(join(root, "controllers/public"), join(staging, "controllers/public"), { recursive: true });
    for (const part of kitParts) await Bun.write(join(staging, kitFile(part)), await packKit(part));
    await Bun.build({
      entrypoints: [
        "src/main.ts",
        "src/core/watchdog-worker.ts",
        ...controllers.map((file) => `controllers/${file}`),
      ].map((file) => join(root, file)),
      root,
      compile: {
        outfile: join(staging, "hubbub"),
        assets: [join(staging, "controllers"), join(staging, "kit")],
        // A package beside the controllers names its entry there.
        autoloadPackageJson: true,
        autoloadDotenv: false,
        autoloadBunfig: false,
      },
      // Modules that controllers share stay one module.
      splitting: true,
      minify: true,
      bytecode: true,
      format: "esm",
      sourcemap: "inline",
      plugins: [keepVirtualModules],
    });
    // Renamed into place: an executable that runs at this moment is replaced, not written to.
    await mkdir(dirname(resolve(outfile)), { recursive: true });
    await cp(join(staging, "hubbub"), `${outfile}.new`);
    await rename(`${outfile}.new`, outfile);
  } finally {
    await rm(staging, { recursive: true });
  }
}

/** What the server gives to controllers when they are loaded is not bundled into them. */
const keepVirtualModules: Bun.BunPlugin = {
  name: "virtual-modules",
  setup(build) {
    const names = new Set(listModules());
    const folder = join(import.meta.dir, "controllers");
    build.onResolve({ filter: /./ }, ({ path, importer }) =>
      names.has(path) && importer.startsWith(folder) ? { path, external: true } : undefined,
    );
  },
};

if (import.meta.main) {
  const outfile = join(import.meta.dir, "dist/hubbub");
  await buildExecutable(outfile);
  console.log(`Built ${outfile}`);
}
