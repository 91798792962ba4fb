/** `rule/tenant` or `rule/tenant/session`: what a rule fired for. */
export function flagText(rule: string, tenant: string, session: string | undefined): string {
  return session === undefined ? `${rule}/${tenant}` : `${rule}/${tenant}/${session}`;
}

/** What the naive service found. */
export interface Flags {
  readonly flagged: readonly string[];
  /** Keys whose greatest value was within 3 % of a cost threshold: sums in slices may differ there. */
  readonly borderline: readonly string[];
}

export interface Agreement {
  readonly agrees: boolean;
  readonly flagged: number;
  readonly leftAside: number;
  /** Found by the engine alone, and by the naive service alone; the first few. */
  readonly engineOnly: readonly string[];
  readonly naiveOnly: readonly string[];
}

/** Figures count only where both flag the same keys. */
export function agreement(engine: Iterable<string>, naive: Flags): Agreement {
  const aside = new Set(naive.borderline);
  const ours = new Set([...engine].filter((flag) => !aside.has(flag)));
  const theirs = new Set(naive.flagged.filter((flag) => !aside.has(flag)));
  const engineOnly = [...ours].filter((flag) => !theirs.has(flag));
  const naiveOnly = [...theirs].filter((flag) => !ours.has(flag));
  return {
    agrees: engineOnly.length + naiveOnly.length === 0 && ours.size > 0,
    flagged: ours.size,
    leftAside: aside.size,
    engineOnly: engineOnly.slice(0, 10),
    naiveOnly: naiveOnly.slice(0, 10),
  };
}
