import type { Server } from "bun";
import { AddressList, toPlainAddress } from "../core/address-list.ts";
import { ipVersion } from "../core/ip.ts";
import { isValidHost } from "./handshake.ts";

/** Where a request came from and what it asked, as far as trusted proxies tell. */
export type Origination = {
  scheme: "http" | "https";
  /** Host name and, if it is not the scheme's own, port: `example.com:8080`. */
  authority: string;
  remoteAddress: string;
};

/** Decides whose `X-Forwarded-*` headers are believed: the addresses of `--trust-proxy`. */
export class TrustedProxies {
  readonly #list: AddressList;
  #lastAddress = "";

  constructor(trusted: readonly string[]) {
    this.#list = new AddressList(trusted);
  }

  trusts(address: string): boolean {
    return this.#list.has(address);
  }

  /** What `read` says of a request to `server`. */
  readRequest(request: Request, server: Pick<Server<unknown>, "requestIP" | "protocol">): Origination {
    return this.read(request.headers, server.requestIP(request)?.address ?? "", server.protocol === "https");
  }

  /**
   * Reads `X-Forwarded-For`, `-Proto` and `-Host` if `peer` is trusted; `Forwarded` never, which proxies pass on as the
   * client sent it.
   *
   * The remote address is the last one in `X-Forwarded-For` that is not itself a trusted proxy.
   */
  read(headers: Headers, peer: string, isTls: boolean): Origination {
    const scheme = isTls ? "https" : "http";
    const own = {
      scheme,
      authority: headers.get("host") ?? "",
      remoteAddress: this.#share(toPlainAddress(peer)),
    } as const;
    if (!this.trusts(peer)) return own;
    const host = lastOf(headers.get("x-forwarded-host"));
    const proto = lastOf(headers.get("x-forwarded-proto"));
    const hops = (headers.get("x-forwarded-for") ?? "").split(",").map((hop) => toHopAddress(hop.trim()));
    const known = hops.slice(hops.findLastIndex((hop) => ipVersion(hop) === 0) + 1);
    return {
      scheme: proto === "https" || proto === "wss" ? "https" : proto === "http" || proto === "ws" ? "http" : scheme,
      authority: isValidHost(host) ? host : own.authority,
      remoteAddress: known.findLast((hop) => !this.trusts(hop)) ?? known[0] ?? own.remoteAddress,
    };
  }

  /** Sessions keep their address: equal ones in a row are one string. */
  #share(address: string): string {
    if (address !== this.#lastAddress) this.#lastAddress = address;
    return this.#lastAddress;
  }
}

/** `192.0.2.1` for `192.0.2.1:4711`, `2001:db8::1` for `[2001:db8::1]:4711`. */
function toHopAddress(hop: string): string {
  const address = /^\[(.+)\](?::\d+)?$/.exec(hop)?.[1] ?? /^(\d+(?:\.\d+){3}):\d+$/.exec(hop)?.[1] ?? hop;
  return toPlainAddress(address);
}

function lastOf(list: string | null): string {
  return list?.split(",").at(-1)?.trim() ?? "";
}
