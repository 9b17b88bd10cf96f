declare const HUBBUB_EMBEDDED_NAME: string | undefined;

/** The name that the controllers in the executable had as a folder; set when it is built. */
export const embeddedName: string = typeof HUBBUB_EMBEDDED_NAME === "string" ? HUBBUB_EMBEDDED_NAME : "controllers";
