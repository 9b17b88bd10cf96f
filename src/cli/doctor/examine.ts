import { type Config, readConfig } from "../../core/config.ts";
import { describeError, Fault } from "../../core/errors.ts";
import type { Given } from "../command.ts";
import { readGivenConfig } from "../config-file.ts";
import { type AddressFindings, examineAddress } from "./address.ts";
import { examineClock } from "./clock.ts";
import type { Finding } from "./finding.ts";
import { examineCertificate, examineOpenFiles, examineOrigins } from "./machine.ts";
import { examinePeerCertificate } from "./peer-certificate.ts";
import { examinePort, findOccupant, type Occupant } from "./port.ts";
import { startStandIn } from "./stand-in.ts";

export type ExamineOptions = {
  settings: Given["settings"];
  /** The address that clients use, if one is to be tried. */
  url: URL | undefined;
  /** Told what is done that one may want to know meanwhile. */
  onWait: (text: string) => void;
};

/** Examines this machine, the settings, and the way to the server. */
export async function examine({ settings, url, onWait }: ExamineOptions): Promise<Finding[]> {
  const { config, finding } = readSettings(settings);
  const occupant = await findOccupant(config);
  const https = url?.protocol === "https:" ? [await examinePeerCertificate(url)] : [];
  const address = url === undefined ? undefined : await reach(url, config, occupant, onWait);
  return [
    finding,
    examineOpenFiles(config, occupant),
    examinePort(config, occupant),
    examineClock(address?.time),
    examineCertificate(config),
    examineOrigins(config),
    ...https,
    ...(address?.findings ?? []),
  ];
}

/** The settings; if they are wrong, what is wrong, and what the flags alone give. */
function readSettings(settings: Given["settings"]): { config: Config; finding: Finding } {
  const name = "settings";
  try {
    const config = readGivenConfig({ settings });
    return { config, finding: { name, state: "ok", found: "flags, variables and hubbub.toml can be read" } };
  } catch (error) {
    // What the command line itself says is a mistake in the question.
    if (!(error instanceof Fault) || error.code === "FLAG_VALUE") throw error;
    const found = `${describeError(error)}; the flags alone are examined instead`;
    return {
      config: readConfig({ flags: settings }),
      finding: { name, state: "wrong", found, advice: "correct what is named" },
    };
  }
}

/** Examines the address; where no server runs, with one that stands in for it. */
async function reach(
  url: URL,
  config: Config,
  occupant: Occupant,
  onWait: (text: string) => void,
): Promise<AddressFindings> {
  if (occupant.kind !== "nobody" || config.port === 0) return examineAddress(url, { config, path: undefined, onWait });
  onWait(`Nothing serves at ${config.host}:${config.port}: until the end, the doctor does`);
  try {
    const standIn = await startStandIn(config);
    try {
      return await examineAddress(url, { config, path: standIn.path, onWait });
    } finally {
      await standIn.stop();
    }
  } catch (error) {
    const found = `no server could stand in: ${describeError(error)}`;
    return { findings: [{ name: "server", state: "unknown", found }], time: undefined };
  }
}
