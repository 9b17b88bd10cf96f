import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

/** A certificate of a test's own, with the key that it was made for. */
export type TestCertificate = {
  /** PEM. */
  certificate: string;
  key: string;
  privateKey: KeyObject;
  name: string;
};

export type CertificateOptions = {
  /** Who signs it; itself if absent. */
  issuer?: TestCertificate;
  /** It may sign others. */
  isAuthority?: boolean;
  /** Days from now at which it begins and ends to be valid. */
  fromDays?: number;
  untilDays?: number;
};

const DAY_MS = 86_400_000;

/** Makes a certificate for `localhost` and `127.0.0.1` whose common name is `name`. */
export function createCertificate(
  name: string,
  { issuer, isAuthority = false, fromDays = -1, untilDays = 90 }: CertificateOptions = {},
): TestCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const alternativeNames = sequence(der(0x82, Buffer.from("localhost")), der(0x87, Buffer.from([127, 0, 0, 1])));
  const constraints = sequence(...(isAuthority ? [der(0x01, Buffer.from([0xff]))] : []));
  const content = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ECDSA_WITH_SHA256,
    toName(issuer?.name ?? name),
    sequence(toTime(fromDays), toTime(untilDays)),
    toName(name),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(toExtension("551d11", alternativeNames), toExtension("551d13", constraints))),
  );
  const signature = sign("sha256", content, issuer?.privateKey ?? privateKey);
  const whole = sequence(content, ECDSA_WITH_SHA256, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    privateKey,
    name,
  };
}

/** One value in DER (X.690): its tag, its length, its content. */
function der(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sequence(...parts: Uint8Array[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

const ECDSA_WITH_SHA256 = sequence(der(0x06, Buffer.from("2a8648ce3d040302", "hex")));

/** The name `CN=name`. */
function toName(name: string): Buffer {
  const pair = sequence(der(0x06, Buffer.from("550403", "hex")), der(0x0c, Buffer.from(name)));
  return sequence(der(0x31, pair));
}

/** `261231235959Z` */
function toTime(days: number): Buffer {
  const text = new Date(Date.now() + days * DAY_MS).toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  return der(0x17, Buffer.from(text.slice(2)));
}

function toExtension(oid: string, content: Uint8Array): Buffer {
  return sequence(der(0x06, Buffer.from(oid, "hex")), der(0x04, content));
}
