import { BlockList, isIP } from "node:net";
import { isValidHost } from "./handshake.ts";

/** Where a request came from and what it asked, as far as trusted proxies tell. */
export type Origination = {
  scheme: "http" | "https";
  /** Host name and, if it is not the scheme's own, port: `example.com:8080`. */
  authority: string;
  remoteAddress: string;
};

const ranges: Record<string, string[]> = {
  loopback: ["127.0.0.0/8", "::1/128"],
  private: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
};

/** Decides whose `X-Forwarded-*` headers are believed: the addresses of `--trust-proxy`. */
export class TrustedProxies {
  readonly #list = new BlockList();
  readonly #isEmpty: boolean;

  constructor(trusted: readonly string[]) {
    this.#isEmpty = trusted.length === 0;
    for (const range of trusted.flatMap((name) => ranges[name] ?? [name])) {
      const [address = "", bits] = range.split("/");
      const family = isIP(address) === 6 ? "ipv6" : "ipv4";
      if (bits === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(bits), family);
    }
  }

  trusts(address: string): boolean {
    if (this.#isEmpty) return false;
    const plain = toPlainAddress(address);
    const version = isIP(plain);
    return version !== 0 && this.#list.check(plain, version === 6 ? "ipv6" : "ipv4");
  }

  /**
   * Reads `X-Forwarded-For`, `-Proto` and `-Host` if `peer` is trusted; `Forwarded` never, which proxies pass on as the
   * client sent it.
   *
   * The remote address is the last one in `X-Forwarded-For` that is not itself a trusted proxy.
   */
  read(headers: Headers, peer: string, isTls: boolean): Origination {
    const scheme = isTls ? "https" : "http";
    const own = { scheme, authority: headers.get("host") ?? "", remoteAddress: toPlainAddress(peer) } as const;
    if (!this.trusts(peer)) return own;
    const host = lastOf(headers.get("x-forwarded-host"));
    const proto = lastOf(headers.get("x-forwarded-proto"));
    const hops = (headers.get("x-forwarded-for") ?? "").split(",").map((hop) => toHopAddress(hop.trim()));
    const known = hops.slice(hops.findLastIndex((hop) => isIP(hop) === 0) + 1);
    return {
      scheme: proto === "https" || proto === "wss" ? "https" : proto === "http" || proto === "ws" ? "http" : scheme,
      authority: isValidHost(host) ? host : own.authority,
      remoteAddress: known.findLast((hop) => !this.trusts(hop)) ?? known[0] ?? own.remoteAddress,
    };
  }
}

/** `127.0.0.1` for `::ffff:127.0.0.1`. */
function toPlainAddress(address: string): string {
  return /^::ffff:(\d+(?:\.\d+){3})$/i.exec(address)?.[1] ?? address;
}

/** `192.0.2.1` for `192.0.2.1:4711`, `2001:db8::1` for `[2001:db8::1]:4711`. */
function toHopAddress(hop: string): string {
  const address = /^\[(.+)\](?::\d+)?$/.exec(hop)?.[1] ?? /^(\d+(?:\.\d+){3}):\d+$/.exec(hop)?.[1] ?? hop;
  return toPlainAddress(address);
}

function lastOf(list: string | null): string {
  return list?.split(",").at(-1)?.trim() ?? "";
}
