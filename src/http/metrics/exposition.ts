export type Labels = Readonly<Record<string, string | number>>;

/** One line: a value, with labels; a histogram's has a suffix as well. */
export type Sample = { labels?: Labels; value: number; suffix?: "_bucket" | "_sum" | "_count" };

export type FamilyType = "counter" | "gauge" | "histogram";

/** All samples of one name. */
export type SampledFamily = { name: string; type: FamilyType; help: string; samples: Iterable<Sample> };

/** What an answer in this format is. */
export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Metrics as Prometheus reads them: its text format 0.0.4. */
export function formatMetrics(families: Iterable<SampledFamily>): string {
  let text = "";
  for (const { name, type, help, samples } of families) {
    text += `# HELP ${name} ${escape(help)}\n# TYPE ${name} ${type}\n`;
    for (const { labels = {}, value, suffix = "" } of samples) {
      text += `${name}${suffix}${formatLabels(labels)} ${formatValue(value)}\n`;
    }
  }
  return text;
}

/** The samples of a histogram, of which `counts` has what is in each bucket, one more than there are bounds. */
export function* listBuckets(
  bounds: readonly number[],
  counts: readonly number[],
  sum: number,
  labels: Labels,
): Generator<Sample> {
  let count = 0;
  for (const [index, added] of counts.entries()) {
    count += added;
    yield { suffix: "_bucket", labels: { ...labels, le: formatValue(bounds[index] ?? Infinity) }, value: count };
  }
  yield { suffix: "_sum", labels, value: sum };
  yield { suffix: "_count", labels, value: count };
}

function formatLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${escape(String(value)).replaceAll('"', String.raw`\"`)}"`,
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escape(text: string): string {
  return text.replaceAll("\\", String.raw`\\`).replaceAll("\n", String.raw`\n`);
}

function formatValue(value: number): string {
  return value === Infinity ? "+Inf" : String(value);
}
