import type { BlockList } from "node:net";
import { ipVersion } from "./ip.ts";

const names: Record<string, string[]> = {
  loopback: ["127.0.0.0/8", "::1/128"],
  private: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
};

/** Addresses, ranges, and the names `loopback` and `private` for those: what `--trust-proxy` takes. */
export class AddressList {
  /** Absent if nothing is in it: then Node's module is not loaded. */
  readonly #list: BlockList | undefined;

  constructor(items: readonly string[]) {
    if (items.length === 0) return;
    const { BlockList } = process.getBuiltinModule("node:net");
    this.#list = new BlockList();
    for (const range of items.flatMap((item) => names[item] ?? [item])) {
      const [address = "", bits] = range.split("/");
      const family = ipVersion(address) === 6 ? "ipv6" : "ipv4";
      if (bits === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(bits), family);
    }
  }

  has(address: string): boolean {
    if (this.#list === undefined) return false;
    const plain = toPlainAddress(address);
    const version = ipVersion(plain);
    return version !== 0 && this.#list.check(plain, version === 6 ? "ipv6" : "ipv4");
  }
}

/** `127.0.0.1` for `::ffff:127.0.0.1`. */
export function toPlainAddress(address: string): string {
  if (!address.startsWith("::")) return address;
  return /^::ffff:(\d+(?:\.\d+){3})$/i.exec(address)?.[1] ?? address;
}
