import { expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describeExpiry, readCertificate } from "../../src/http/certificate.ts";
import { createCertificate } from "../support/certificates.ts";
import { createFolder } from "../support/folder.ts";

const own = createCertificate("own");
const other = createCertificate("other");
const expired = createCertificate("expired", { fromDays: -10, untilDays: -1 });
const encryptedKey = generateKeyPairSync("ec", {
  namedCurve: "P-256",
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" },
}).privateKey;
const damaged = own.certificate.replaceAll(/[A-Za-z0-9]{40}\n/g, "\n");

const files = {
  "own.pem": own.certificate,
  "own.key": own.key,
  "both.pem": own.key + own.certificate,
  "chain.pem": own.certificate + other.certificate,
  "reversed.pem": other.certificate + own.certificate,
  "expired.pem": expired.certificate,
  "expired.key": expired.key,
  "damaged.pem": damaged,
  "half.pem": own.certificate + damaged,
  "damaged.key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
  "encrypted.key": encryptedKey,
  "other.key": other.key,
  "empty.pem": "",
  "large.pem": "x".repeat(1024 ** 2 + 1),
};

test("readCertificate() gives nothing when nothing is configured", () => {
  expect(readCertificate({ tlsCertFile: "", tlsKeyFile: "" })).toBeUndefined();
});

test.each([
  ["own.pem", "own.key"],
  ["chain.pem", "own.key"],
  ["both.pem", "both.pem"],
])("readCertificate() takes %s with %s", (cert, key) => {
  using folder = createFolder(files);
  const read = readCertificate({ tlsCertFile: join(folder.path, cert), tlsKeyFile: join(folder.path, key) });
  expect(read).toEqual({
    chain: files[cert as keyof typeof files],
    key: files[key as keyof typeof files],
    expiresAt: expect.any(Date),
  });
  expect((Number(read?.expiresAt) - Date.now()) / 86_400_000).toBeCloseTo(90, 1);
});

test.each([
  ["own.pem", "", "Cannot serve TLS: --tls-cert is given and --tls-key is not, expected both or none"],
  ["", "own.key", "Cannot serve TLS: --tls-key is given and --tls-cert is not, expected both or none"],
  ["none.pem", "own.key", 'Cannot use certificate "none.pem": there is no such file, expected a PEM file'],
  ["own.pem", "none.key", 'Cannot use key "none.key": there is no such file, expected a PEM file'],
  ["folder", "own.key", 'Cannot use certificate "folder": it is no file, expected a PEM file'],
  ["large.pem", "own.key", 'Cannot use certificate "large.pem": it has 1048577 bytes, expected a PEM file'],
  ["empty.pem", "own.key", 'Cannot use certificate "empty.pem": there is no certificate in it, expected a PEM file'],
  ["own.key", "own.key", 'Cannot use certificate "own.key": there is no certificate in it, expected a PEM file'],
  [
    "damaged.pem",
    "own.key",
    'Cannot use certificate "damaged.pem": the certificate in it is damaged, expected a PEM file',
  ],
  [
    "half.pem",
    "own.key",
    'Cannot use certificate "half.pem": certificate 2 of 2 in it is damaged, expected a PEM file',
  ],
  ["own.pem", "own.pem", 'Cannot use key "own.pem": there is no private key in it, expected a PEM file'],
  ["own.pem", "damaged.key", 'Cannot use key "damaged.key": the key in it is damaged, expected a PEM file'],
  ["own.pem", "encrypted.key", 'Cannot use key "encrypted.key": it is encrypted, expected one without a passphrase'],
  [
    "own.pem",
    "other.key",
    'Cannot use key "other.key": it does not belong to the certificate "own.pem", expected the one that it was made for',
  ],
  [
    "reversed.pem",
    "own.key",
    'Cannot use certificate "reversed.pem": the one that belongs to the key is not the first in it, expected the server\'s own first',
  ],
])("readCertificate() refuses the certificate %p with the key %p", (cert, key, message) => {
  using folder = createFolder(files);
  mkdirSync(join(folder.path, "folder"));
  const place = (name: string) => (name === "" ? "" : join(folder.path, name));
  expect(() => readCertificate({ tlsCertFile: place(cert), tlsKeyFile: place(key) })).toThrow(
    expect.objectContaining({
      name: "Fault",
      code: "TLS",
      message: message.replaceAll(/"([^"]+)"/g, (_, name: string) => `"${place(name)}"`),
    }),
  );
});

test("readCertificate() refuses one that has expired", () => {
  using folder = createFolder(files);
  const [tlsCertFile, tlsKeyFile] = [join(folder.path, "expired.pem"), join(folder.path, "expired.key")];
  const day = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  expect(() => readCertificate({ tlsCertFile, tlsKeyFile })).toThrow(
    `Cannot use certificate "${tlsCertFile}": it expired on ${day}, expected one that is valid`,
  );
});

test.each([
  ["2026-01-01T12:00:00Z", undefined],
  ["2026-03-18T12:00:00Z", undefined],
  ["2026-03-18T12:00:01Z", "expires in 13 days, on 2026-04-01"],
  ["2026-03-30T12:00:00Z", "expires in 2 days, on 2026-04-01"],
  ["2026-03-30T12:00:01Z", "expires in 1 day, on 2026-04-01"],
  ["2026-03-31T12:00:01Z", "expires in less than a day, on 2026-04-01"],
  ["2026-04-01T12:00:00Z", "has expired on 2026-04-01: clients refuse it"],
  ["2026-05-01T12:00:00Z", "has expired on 2026-04-01: clients refuse it"],
])("describeExpiry() at %s: %p", (now, text) => {
  const certificate = { chain: "", key: "", expiresAt: new Date("2026-04-01T12:00:00Z") };
  expect(describeExpiry(certificate, new Date(now))).toBe(text);
});
