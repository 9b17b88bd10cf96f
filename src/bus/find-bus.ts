import { readFileSync } from "node:fs";
import { parseBusUrl } from "../core/bus-url.ts";
import type { Config } from "../core/config.ts";
import { describeError, Fault } from "../core/errors.ts";
import type { OpenBus } from "./bus.ts";
import { createRedisBus } from "./redis.ts";

/**
 * The bus that the settings mean; undefined for a server that is alone, or whose workers are.
 *
 * Takes it out of the environment, which controllers give to what they start.
 *
 * @throws {Fault} `BUS` for certificates that cannot be read
 */
export function findBus({ bus, busPrefix, busCaFile }: Config): OpenBus | undefined {
  delete process.env["HUBBUB_BUS"];
  const target = parseBusUrl(bus);
  if (target === undefined) return undefined;
  const ca = busCaFile === "" ? undefined : readCertificates(busCaFile);
  return createRedisBus({ target, prefix: busPrefix, ca });
}

function readCertificates(file: string): string {
  const wanted = "expected a PEM file with certificates";
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new Fault("BUS", `Cannot use the certificates "${file}": ${describeError(error)}, ${wanted}`, {
      cause: error,
    });
  }
  if (!text.includes("-----BEGIN CERTIFICATE-----"))
    throw new Fault("BUS", `Cannot use the certificates "${file}": it holds none, ${wanted}`);
  return text;
}
