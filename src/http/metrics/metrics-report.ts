import type { Server } from "bun";
import type { Loads } from "../../controllers/load-counts.ts";
import { AddressList } from "../../core/address-list.ts";
import type { Facts } from "../../core/facts.ts";
import type { MetricsSnapshot } from "../../core/metrics-snapshot.ts";
import type { Session } from "../../sessions/session.ts";
import type { AdminAccess } from "../admin/admin-access.ts";
import { securityHeaders } from "../security-headers.ts";

const OFF =
  "The metrics are not for this address: start the server with --metrics-from, or with an admin token and bring that";

export type MetricsReportParts = {
  access: AdminAccess;
  facts: Facts;
  version: string;
  /** `--metrics-from`. */
  metricsFrom: readonly string[];
};

/** `/-/metrics`: for whoever has the admin token, and for the addresses of `--metrics-from`. */
export class MetricsReport {
  readonly #parts: MetricsReportParts;
  readonly #from: AddressList;

  constructor(parts: MetricsReportParts) {
    this.#parts = parts;
    this.#from = new AddressList(parts.metricsFrom);
  }

  async answer(request: Request, server: Server<Session>): Promise<Response> {
    const { access } = this.#parts;
    if (!this.#isFromKnown(request, server)) {
      const refusal = access.refuse(request, server, OFF);
      if (refusal !== undefined) return refusal;
    }
    return this.#report();
  }

  /** What came through a proxy that is not trusted came from nobody knows where. */
  #isFromKnown(request: Request, server: Server<Session>): boolean {
    const address = this.#parts.access.readCertainAddress(request, server);
    return address !== undefined && this.#from.has(address);
  }

  async #report(): Promise<Response> {
    const { facts, version } = this.#parts;
    // Nobody pays for these before somebody asks.
    const [{ formatReport }, { EXPOSITION_TYPE }, { readProcessFigures }, snapshots, [loads]] = await Promise.all([
      import("./format-report.ts"),
      import("./exposition.ts"),
      import("../../core/process-figures.ts"),
      facts.collect<MetricsSnapshot>("metrics"),
      facts.collect<Loads>("loads"),
    ]);
    const reloads = loads ?? { loaded: 0, refused: 0 };
    const text = formatReport({ version, figures: readProcessFigures(), reloads }, snapshots);
    return new Response(text, {
      headers: { ...securityHeaders, "Content-Type": EXPOSITION_TYPE, "Cache-Control": "no-store" },
    });
  }
}
