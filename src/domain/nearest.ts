/** The candidate nearest to what was written, when it is near enough to be what was meant. */
export function nearest(written: string, candidates: readonly string[]): string | null {
  if (written.length > LONGEST_NAME) return null;
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(written.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(written.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance && distance < candidate.length) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best ?? withPart(written.toLowerCase(), candidates);
}

/** `sum` for `value_sum`, `cost` for `cost_usd`; nothing where several have that part. */
function withPart(written: string, candidates: readonly string[]): string | null {
  const [only, ...others] = candidates.filter((candidate) => candidate.split('_').includes(written));
  return others.length === 0 ? (only ?? null) : null;
}

/** `a`, `a or b`, `a, b or c`. */
export function orList(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

const LONGEST_NAME = 40;

/** Insertions, deletions and replacements (Levenshtein), one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
