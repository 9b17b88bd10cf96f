import { MemoryWatch } from "../core/memory-watch.ts";
import { OpenFilesWatch } from "../core/open-files.ts";
import type { Certificate, CertificateFiles } from "../http/certificate.ts";
import { CertificateWatcher } from "../http/certificate-watcher.ts";

export type SurroundingsOptions = {
  certificateFiles: CertificateFiles;
  /** Serves another certificate from now on; throws or rejects if that cannot be done. */
  renew: (certificate: Certificate) => void | Promise<void>;
  /** No more files can be opened (told every second as long as it lasts), or they can be again. */
  setOutOfFiles: (isOut: boolean) => void;
  /** What is loaded again if that failed while no files could be opened. */
  controllers: { readonly lastFault: string; reload: () => Promise<void> };
};

/** What is watched around a server, once for its whole process: the files that it may open, memory, the certificate. */
export class Surroundings {
  readonly #options: SurroundingsOptions;
  readonly #memory = new MemoryWatch();
  readonly #openFiles: OpenFilesWatch;
  #certificates: CertificateWatcher | undefined;

  constructor(options: SurroundingsOptions) {
    this.#options = options;
    const { setOutOfFiles, controllers } = options;
    this.#openFiles = new OpenFilesWatch({
      onLack: () => setOutOfFiles(true),
      onEnd: () => {
        setOutOfFiles(false);
        // What could not be loaded may have had nothing wrong with it.
        if (controllers.lastFault !== "") void controllers.reload();
      },
    });
  }

  /** @param certificate what is served, if anything is */
  start(certificate: Certificate | undefined): void {
    this.#openFiles.start();
    this.#memory.start();
    if (certificate === undefined) return;
    const { certificateFiles: files, renew } = this.#options;
    this.#certificates = new CertificateWatcher({ files, certificate, renew });
    this.#certificates.start();
  }

  stop(): void {
    this.#openFiles.stop();
    this.#memory.stop();
    this.#certificates?.stop();
  }

  /** Reads the certificate's files again, and renews the certificate if it is another one. */
  async checkCertificate(): Promise<void> {
    await this.#certificates?.check();
  }
}
