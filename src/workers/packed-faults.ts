import { describeError, describeStack, Fault, type FaultCode, type Place } from "../core/errors.ts";

/** A fault as it travels between threads: an error loses its class and its own properties on the way. */
export type PackedFault = {
  code: FaultCode | undefined;
  message: string;
  detail: string | undefined;
  place: Place | undefined;
};

/** What was thrown, or each of the errors of an `AggregateError`. */
export function packFaults(thrown: unknown): PackedFault[] {
  const errors: unknown[] = thrown instanceof AggregateError ? thrown.errors : [thrown];
  return errors.map((error) =>
    error instanceof Fault
      ? { code: error.code, message: error.message, detail: error.detail, place: error.place }
      : { code: undefined, message: describeError(error), detail: describeStack(error), place: undefined },
  );
}

/** The errors again: one, or an `AggregateError` of several. */
export function unpackFaults(packed: readonly PackedFault[]): unknown {
  const errors = packed.map(unpack);
  return errors.length === 1 ? errors[0] : new AggregateError(errors);
}

/** Each fault once, whatever number of workers has it. */
export function uniteFaults(thrown: readonly unknown[]): unknown[] {
  const byText = new Map<string, unknown>();
  for (const error of thrown.flatMap((each) =>
    each instanceof AggregateError ? (each.errors as unknown[]) : [each],
  )) {
    const text = describeError(error);
    if (!byText.has(text)) byText.set(text, error);
  }
  return [...byText.values()];
}

function unpack({ code, message, detail, place }: PackedFault): Error {
  if (code !== undefined) return new Fault(code, message, { detail, place });
  const error = new Error(message);
  if (detail !== undefined) error.stack = detail;
  return error;
}
