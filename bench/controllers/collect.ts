/** Collects the garbage, so that memory can be compared. */
export function get() {
  Bun.gc(true);
  return { status: 200 };
}
