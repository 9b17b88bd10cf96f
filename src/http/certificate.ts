import type { KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Config } from "../core/config.ts";
import { describeError, Fault } from "../core/errors.ts";
import { lookAt } from "../core/file-state.ts";

/** Where a certificate is: the settings `--tls-cert` and `--tls-key`. */
export type CertificateFiles = Pick<Config, "tlsCertFile" | "tlsKeyFile">;

/** A certificate that can be served. */
export type Certificate = {
  /** PEM: the server's own certificate first, then the rest of the chain. */
  chain: string;
  /** PEM. */
  key: string;
  expiresAt: Date;
};

const DAY_MS = 86_400_000;

/** From so many days before its end on, a certificate is warned of. */
const WARN_DAYS = 14;

/** No certificate and no key is larger: what is, is another file. */
const MAX_FILE_BYTES = 1024 ** 2;

/**
 * Reads the certificate chain and its key; undefined if neither is configured.
 *
 * @throws {Fault} `TLS` if only one is, if one cannot be read, if they do not belong together, or if it has expired.
 */
export function readCertificate(
  { tlsCertFile, tlsKeyFile }: CertificateFiles,
  now = new Date(),
): Certificate | undefined {
  if (tlsCertFile === "" && tlsKeyFile === "") return undefined;
  if (tlsCertFile === "" || tlsKeyFile === "") {
    const [is, lacks] = tlsKeyFile === "" ? ["--tls-cert", "--tls-key"] : ["--tls-key", "--tls-cert"];
    throw new Fault("TLS", `Cannot serve TLS: ${is} is given and ${lacks} is not, expected both or none`);
  }
  const chain = readPem("certificate", tlsCertFile);
  const key = readPem("key", tlsKeyFile);
  const certificates = parseChain(tlsCertFile, chain);
  const privateKey = parseKey(tlsKeyFile, key);
  const [own] = certificates;
  if (!own.checkPrivateKey(privateKey)) {
    const isBehind = certificates.some((each) => each.checkPrivateKey(privateKey));
    throw isBehind
      ? fault(
          tlsCertFile,
          "certificate",
          `the one that belongs to the key is not the first in it`,
          "the server's own first",
        )
      : fault(
          tlsKeyFile,
          "key",
          `it does not belong to the certificate "${tlsCertFile}"`,
          "the one that it was made for",
        );
  }
  const expiresAt = own.validToDate;
  if (expiresAt <= now) {
    throw fault(tlsCertFile, "certificate", `it expired on ${formatDay(expiresAt)}`, "one that is valid");
  }
  return { chain, key, expiresAt };
}

/** What to warn of: that it expires within 14 days, or has expired; undefined if there is time. */
export function describeExpiry({ expiresAt }: Pick<Certificate, "expiresAt">, now = new Date()): string | undefined {
  const days = (expiresAt.getTime() - now.getTime()) / DAY_MS;
  if (days >= WARN_DAYS) return undefined;
  if (days <= 0) return `has expired on ${formatDay(expiresAt)}: clients refuse it`;
  const when = days < 1 ? "in less than a day" : days < 2 ? "in 1 day" : `in ${Math.floor(days)} days`;
  return `expires ${when}, on ${formatDay(expiresAt)}`;
}

/** `2026-09-30` */
export function formatDay(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function readPem(what: "certificate" | "key", file: string): string {
  const state = lookAt(file);
  const wanted = "a PEM file";
  if (state === undefined) throw fault(file, what, "there is no such file", wanted);
  if (!state.isFile()) throw fault(file, what, "it is no file", wanted);
  if (state.size > MAX_FILE_BYTES) throw fault(file, what, `it has ${state.size} bytes`, wanted);
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw fault(file, what, code === "EACCES" ? "this user may not read it" : describeError(error), wanted);
  }
}

function parseChain(file: string, pem: string): [X509Certificate, ...X509Certificate[]] {
  const { X509Certificate } = process.getBuiltinModule("node:crypto");
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? [];
  const [own, ...others] = blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      const which =
        blocks.length === 1 ? "the certificate in it" : `certificate ${index + 1} of ${blocks.length} in it`;
      throw fault(file, "certificate", `${which} is damaged`, "a PEM file", error);
    }
  });
  if (own === undefined) throw fault(file, "certificate", "there is no certificate in it", "a PEM file");
  return [own, ...others];
}

function parseKey(file: string, pem: string): KeyObject {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem))
    throw fault(file, "key", "there is no private key in it", "a PEM file");
  if (/ENCRYPTED/.test(pem)) throw fault(file, "key", "it is encrypted", "one without a passphrase");
  const { createPrivateKey } = process.getBuiltinModule("node:crypto");
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw fault(file, "key", "the key in it is damaged", "a PEM file", error);
  }
}

function fault(file: string, what: "certificate" | "key", is: string, wanted: string, cause?: unknown): Fault {
  return new Fault("TLS", `Cannot use ${what} "${file}": ${is}, expected ${wanted}`, { cause });
}
