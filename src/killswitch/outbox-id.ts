/** Ids of outbox entries grow: `<number>` or `<ms>-<number>`, as a Redis stream's do. @returns true when `a` is later */
export function isLaterEntry(a: string, b: string): boolean {
  const [aFirst = 0, aSecond = 0] = a.split('-').map(Number);
  const [bFirst = 0, bSecond = 0] = b.split('-').map(Number);
  return aFirst === bFirst ? aSecond > bSecond : aFirst > bFirst;
}
