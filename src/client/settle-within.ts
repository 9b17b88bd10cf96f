/** What `get` gives; rejects if that takes longer. */
export async function settleWithin<T>(timeoutMs: number, get: () => T | Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    return await Promise.race([get(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
