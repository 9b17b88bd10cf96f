import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { Duplex } from "node:stream";

/** How long an address may take to answer, in milliseconds. */
const ANSWER_MS = 10_000;

/** Nothing that is asked here answers with more. */
const MAX_BODY_BYTES = 65_536;

const KEY = Buffer.from("hubbub doctor 16").toString("base64");

/** The answer to an upgrade request. */
export type UpgradeAnswer = {
  status: number;
  headers: IncomingMessage["headers"];
  /** What a status other than 101 came with. */
  body: string;
  /** The connection, after a 101, with what came of it already. */
  session: { socket: Duplex; head: Buffer } | undefined;
};

/**
 * Sends an upgrade request as a browser does, but for the header `Origin`; whoever signed a certificate.
 *
 * @throws {Error} if there is no answer within ten seconds, with the system's `code` if it has one
 */
export function askUpgrade(url: URL): Promise<UpgradeAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<UpgradeAnswer>();
  const request = url.protocol === "https:" ? requestHttps : requestHttp;
  const sent = request(url, {
    rejectUnauthorized: false,
    headers: {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": KEY,
      Accept: "application/json",
    },
  });
  const timer = setTimeout(() => sent.destroy(new Error(`there is no answer within ${ANSWER_MS / 1000} s`)), ANSWER_MS);
  sent.on("upgrade", ({ statusCode = 0, headers }, socket, head) =>
    resolve({ status: statusCode, headers, body: "", session: { socket, head } }),
  );
  sent.on("response", (answer) => {
    let body = "";
    answer.on("data", (chunk: Buffer) => {
      if (body.length < MAX_BODY_BYTES) body += chunk.toString();
    });
    answer.on("end", () =>
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body, session: undefined }),
    );
    answer.on("error", reject);
  });
  sent.on("error", reject);
  sent.end();
  return promise.finally(() => clearTimeout(timer));
}
