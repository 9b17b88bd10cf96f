/** 4 or 6 for an IP address, 0 for anything else. Node's module is loaded at the first call: most servers need none. */
export function ipVersion(text: string): number {
  return process.getBuiltinModule("node:net").isIP(text);
}
