import { expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { createCertificate, type TestCertificate } from "../support/certificates.ts";
import { startCrew, where } from "../support/crew.ts";
import { createFolder } from "../support/folder.ts";
import { waitFor } from "../support/session.ts";

/** Threads start slowly on a machine that others use too. */
setDefaultTimeout(30_000);

const root = createCertificate("root", { isAuthority: true });
const first = createCertificate("first", { issuer: root });
const second = createCertificate("second", { issuer: root });
const ca = root.certificate;

const toFiles = ({ certificate, key }: TestCertificate) => ({ "cert.pem": certificate, "key.pem": key });

/** The common name of the certificate that one who connects now is given, once a request on it is answered. */
function readServedName(origin: string): Promise<string> {
  const { hostname, port } = new URL(origin);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({ host: hostname, port: Number(port), ca }, () => {
    socket.write("GET /where HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  });
  const name = () => String(socket.getPeerCertificate().subject.CN);
  socket.once("data", () => resolve(name()));
  socket.on("close", () => reject(new Error("closed without an answer")));
  socket.on("error", reject);
  return promise;
}

/** How many sockets of this process listen on the port. */
function countListeners(port: string): number {
  const inodes = readdirSync("/proc/self/fd").map((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`);
    } catch {
      return "";
    }
  });
  return listListening(port).filter((inode) => inodes.includes(`socket:[${inode}]`)).length;
}

function listListening(port: string): string[] {
  const { stdout } = Bun.spawnSync(["cat", "/proc/net/tcp"]);
  const rows = stdout
    .toString()
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
  const hex = Number(port).toString(16).toUpperCase().padStart(4, "0");
  return rows.filter(([, local, , state]) => local?.endsWith(`:${hex}`) && state === "0A").map((row) => row[9] ?? "");
}

test("a renewed certificate is served by all workers, resets no connection, and keeps the sessions", async () => {
  using files = createFolder(toFiles(first));
  const flags = { "tls-cert": join(files.path, "cert.pem"), "tls-key": join(files.path, "key.pem") };
  await using crew = await startCrew(where, flags);
  using session = await crew.open("/where", { ca });
  await session.next();
  const { port } = new URL(crew.origin);
  const served: string[] = [];
  let isOver = false;
  const connecting = Array.from({ length: 8 }, async () => {
    while (!isOver) served.push(await readServedName(crew.origin));
  });
  await waitFor(() => served.length >= 50, "connections");
  files.write(toFiles(second));
  await crew.supervisor.reload();
  const renewedAt = served.length;
  await waitFor(() => countListeners(port) === 2 && served.length >= renewedAt + 100, "end of the renewal");
  isOver = true;
  await Promise.all(connecting);
  expect(served[0]).toBe("first");
  // Eight were being made when it was renewed.
  expect(new Set(served.slice(renewedAt + 8))).toEqual(new Set(["second"]));
  session.send("size all");
  expect(await session.next()).toBe("0");
  const answers = Array.from({ length: 24 }, async () => (await crew.fetch("/where", { tls: { ca } })).text());
  expect(new Set(await Promise.all(answers)).size).toBe(2);
});
