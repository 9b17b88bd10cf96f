/** Changed by each edit. */
export const version = 0;
