import { isIP } from "node:net";
import { connect } from "node:tls";
import { describeError } from "../../core/errors.ts";
import { describeExpiry, formatDay } from "../../http/certificate.ts";
import type { Finding } from "./finding.ts";

/** How long an address may take to answer, in milliseconds. */
const ANSWER_MS = 10_000;

/** What clients say of a certificate, in words. */
const refusals: Record<string, string> = {
  CERT_HAS_EXPIRED: "it has expired",
  CERT_NOT_YET_VALID: "it is not valid yet",
  DEPTH_ZERO_SELF_SIGNED_CERT: "nobody whom they know has signed it",
  SELF_SIGNED_CERT_IN_CHAIN: "nobody whom they know has signed it",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its chain is not complete, or nobody whom they know has signed it",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its chain is not complete, or nobody whom they know has signed it",
  ERR_TLS_CERT_ALTNAME_INVALID: "it is for another name",
};

/** What a client thinks of a certificate. */
type Peer = {
  /** Why it is refused, as OpenSSL calls it; undefined if it is not. */
  refusal: string | undefined;
  expiresAt: Date;
};

/** Whether clients take the certificate of an https address, and for how long. */
export async function examinePeerCertificate(url: URL): Promise<Finding> {
  const name = "https";
  const advice = "renew the certificate of the proxy, or of the server (--tls-cert)";
  let peer: Peer;
  try {
    peer = await askCertificate(url);
  } catch (error) {
    return { name, state: "unknown", found: `no certificate came: ${describeError(error)}` };
  }
  const { refusal, expiresAt } = peer;
  if (refusal !== undefined) {
    const found = `clients refuse the certificate: ${refusals[refusal] ?? refusal}`;
    return { name, state: "wrong", found, advice: `${advice}, with one for ${url.hostname} that clients know` };
  }
  const expiry = describeExpiry(peer);
  return expiry === undefined
    ? { name, state: "ok", found: `the certificate is valid until ${formatDay(expiresAt)}` }
    : { name, state: "warning", found: `the certificate ${expiry}`, advice };
}

/** @throws {Error} if there is none within ten seconds */
function askCertificate({ hostname, port }: URL): Promise<Peer> {
  const { promise, resolve, reject } = Promise.withResolvers<Peer>();
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const name = isIP(host) === 0 ? { servername: host } : {};
  const socket = connect({ host, port: Number(port || 443), ...name, rejectUnauthorized: false });
  const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${ANSWER_MS / 1000} s`)), ANSWER_MS);
  socket.on("secureConnect", () => {
    const error: unknown = socket.authorizationError;
    const code = (error as { code?: string } | null | undefined)?.code ?? String(error);
    resolve({
      refusal: socket.authorized ? undefined : code,
      expiresAt: new Date(socket.getPeerCertificate().valid_to),
    });
    socket.end();
  });
  socket.on("error", reject);
  return promise.finally(() => clearTimeout(timer));
}
