import type { Verdict } from './incident.ts';
import type { Plan } from './plan.ts';

/** What must have come of a scope in the end. */
export interface Expected {
  /** In order: a second one where a restored scope did wrong again. */
  readonly verdicts: readonly Verdict[];
  readonly isRestored: boolean;
  readonly isStopped: boolean;
}

/** By scope text; a scope that is not here must not have been stopped. From the plan alone. */
export function expectedOf({ incidents, closing, restores }: Plan): ReadonlyMap<string, Expected> {
  const expected = new Map<string, Expected>();
  for (const { scope, verdict } of [...incidents, ...closing])
    expected.set(scope, { verdicts: [verdict], isRestored: false, isStopped: true });
  for (const { scope, again } of restores) {
    const { verdicts } = expected.get(scope)!;
    expected.set(scope, {
      verdicts: again === null ? verdicts : [...verdicts, again.verdict],
      isRestored: true,
      isStopped: again !== null,
    });
  }
  return expected;
}
