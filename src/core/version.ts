import manifest from "../../package.json" with { type: "json" };

/** The version of hubbub. */
export const version: string = manifest.version;
