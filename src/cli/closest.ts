/** The name that was probably meant: one with at most two letters changed, added or left out. */
export function findClosest(name: string, names: readonly string[]): string | undefined {
  let closest: string | undefined;
  let least = 3;
  for (const candidate of names) {
    const distance = countEdits(name, candidate);
    if (distance < least) [closest, least] = [candidate, distance];
  }
  return closest;
}

function countEdits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
