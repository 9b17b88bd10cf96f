import type { MetricsSnapshot } from "../../core/metrics-snapshot.ts";
import { formatMetrics, type Sample, type SampledFamily } from "./exposition.ts";
import { loopFamilies, type ProcessFacts, processFamilies } from "./families.ts";

/** All metrics as Prometheus reads them. */
export function formatReport(facts: ProcessFacts, snapshots: readonly MetricsSnapshot[]): string {
  return formatMetrics(listFamilies(facts, snapshots));
}

function* listFamilies(facts: ProcessFacts, snapshots: readonly MetricsSnapshot[]): Generator<SampledFamily> {
  for (const { read, ...family } of processFamilies) yield { ...family, samples: read(facts) };
  for (const { read, ...family } of loopFamilies) {
    yield { ...family, samples: snapshots.flatMap((snapshot) => label([...read(snapshot)], snapshot.worker)) };
  }
}

/** A worker that is replaced begins from 0, as a process does: so each has its own series. */
function label(samples: Sample[], worker: number | undefined): Sample[] {
  if (worker === undefined) return samples;
  return samples.map((sample) => ({ ...sample, labels: { worker, ...sample.labels } }));
}
