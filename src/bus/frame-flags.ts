/** Windows are written in these parts of a millisecond. */
export const WINDOW_PARTS = 64;

/** The flags of a message. */
export const IS_BINARY = 1;
export const HAS_EXCEPT = 2;
