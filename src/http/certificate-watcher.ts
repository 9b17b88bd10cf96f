import { type ClockTimer, systemClock } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import { lookAt } from "../core/file-state.ts";
import { log } from "../core/log.ts";
import { type Certificate, type CertificateFiles, describeExpiry, formatDay, readCertificate } from "./certificate.ts";

/** How often the two files are looked at; a change counts once they stayed as they are for as long. */
const LOOK_MS = 500;

/** How often the end of the certificate is warned of. */
const WARN_MS = 86_400_000;

export type CertificateWatcherOptions = {
  files: CertificateFiles;
  /** What is served at first. */
  certificate: Certificate;
  /** Serves another one from now on; throws or rejects if that cannot be done. */
  renew: (certificate: Certificate) => void | Promise<void>;
};

/**
 * Renews the certificate when its files change, whatever changed them: writes, renames, a link that points elsewhere.
 *
 * One that cannot be used is logged, and the one before it stays.
 */
export class CertificateWatcher {
  readonly #files: CertificateFiles;
  readonly #renew: CertificateWatcherOptions["renew"];
  #certificate: Certificate;
  #seen: string;
  /** The files changed, or could not be used when they were read last. */
  #isDue = false;
  #lastFault = "";
  #checking: Promise<void> | undefined;
  #look: ClockTimer | undefined;
  #warn: ClockTimer | undefined;

  constructor({ files, certificate, renew }: CertificateWatcherOptions) {
    this.#files = files;
    this.#certificate = certificate;
    this.#renew = renew;
    this.#seen = this.#describe();
  }

  start(): void {
    this.#warnOfExpiry();
    this.#look = systemClock.setInterval(() => this.#lookAround(), LOOK_MS);
    this.#warn = systemClock.setInterval(() => this.#warnOfExpiry(), WARN_MS);
  }

  stop(): void {
    systemClock.clear(this.#look);
    systemClock.clear(this.#warn);
  }

  /** Reads the files again, and renews the certificate if it is another one. */
  check(): Promise<void> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  async #check(): Promise<void> {
    this.#isDue = false;
    try {
      const next = readCertificate(this.#files);
      const { chain, key } = this.#certificate;
      this.#lastFault = "";
      if (next === undefined || (next.chain === chain && next.key === key)) return;
      await this.#renew(next);
      this.#certificate = next;
    } catch (error) {
      this.#refuse(describeError(error));
      return;
    }
    const { expiresAt } = this.#certificate;
    log.info(`Renewed the certificate "${this.#files.tlsCertFile}": it is valid until ${formatDay(expiresAt)}`, {
      expires: expiresAt.toISOString(),
    });
    this.#warnOfExpiry();
  }

  /** The certificate and its key are often written one after the other: both are read when that is over. */
  #lookAround(): void {
    const seen = this.#describe();
    if (seen !== this.#seen) {
      this.#seen = seen;
      this.#isDue = true;
    } else if (this.#isDue) {
      void this.check();
    }
  }

  /** Says why the certificate was not renewed, once as long as the reason is the same. */
  #refuse(text: string): void {
    this.#isDue = true;
    if (text === this.#lastFault) return;
    this.#lastFault = text;
    log.error(`${text}; the certificate before it stays in use`);
  }

  #warnOfExpiry(): void {
    const text = describeExpiry(this.#certificate);
    if (text === undefined) return;
    const { expiresAt } = this.#certificate;
    log.warning(`The certificate "${this.#files.tlsCertFile}" ${text}`, { expires: expiresAt.toISOString() });
  }

  #describe(): string {
    const describe = (file: string) => {
      const state = lookAt(file);
      return state === undefined ? "" : [state.dev, state.ino, state.size, state.mtimeNs, state.ctimeNs].join(" ");
    };
    return `${describe(this.#files.tlsCertFile)}\n${describe(this.#files.tlsKeyFile)}`;
  }
}
