/** `promise`, or what `describeLate` makes after `ms` milliseconds. A test may look at it later: its rejection may wait. */
export function waitAtMost<T>(promise: Promise<T>, ms: number, describeLate: () => Error): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(describeLate()), ms);
  const settled = Promise.race([promise, late.promise]).finally(() => clearTimeout(timer));
  settled.catch(() => {});
  return settled;
}
