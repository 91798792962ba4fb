import type { Call } from './call.ts';
import { type Incident, incidentOf, type Kind, nearlyOf } from './incident.ts';
import type { Step } from './steps.ts';

/** An operator's restore in the middle of the run, and what its session does afterwards. */
export interface Restore {
  readonly scope: string;
  /** Before the kill of that step, or right after it, when there may be no daemon to publish it. */
  readonly step: number;
  readonly when: 'before' | 'after';
  /** Appended once the restore is done. */
  readonly calls: readonly Call[];
  /** What must stop it again; null: nothing does, it stays restored. */
  readonly again: Incident | null;
}

/** Afterwards it is silent, goes on but does nothing wrong, or does the same wrong again. */
const FATES = ['silent', 'nearly', 'again'] as const;

/** Of the incidents that the log holds from the start, spread over the middle of the run. */
export function restoresOf(
  count: number,
  run: { readonly stream: readonly Call[]; readonly incidents: readonly Incident[]; readonly steps: readonly Step[] },
  random: () => number,
): readonly Restore[] {
  const { stream, incidents, steps } = run;
  const early = new Set(stream.slice(0, steps[0]?.upTo ?? 0).map(({ id }) => id));
  const known = incidents.filter(({ calls }) => calls.every(({ id }) => early.has(id)));
  const first = Math.floor(random() * known.length);
  return Array.from({ length: Math.min(count, known.length) }, (_, n) => {
    const incident = known[(first + n) % known.length]!;
    const step = Math.floor(steps.length * (0.2 + 0.6 * random()));
    const when = random() < 0.3 ? 'after' : 'before';
    return { ...afterwards(incident, FATES[n % FATES.length]!), scope: incident.scope, step, when };
  });
}

function afterwards({ kind, calls }: Incident, fate: (typeof FATES)[number]): Pick<Restore, 'calls' | 'again'> {
  if (fate === 'silent') return { calls: [], again: null };
  const { name, tenant } = nameOf(kind, calls[0]!);
  if (fate === 'nearly') return { calls: nearlyOf(kind, name, tenant, '-after'), again: null };
  const again = incidentOf(kind, name, tenant, '-after');
  return { calls: again.calls, again };
}

function nameOf(kind: Kind, { tenant, session }: Call): { readonly name: string; readonly tenant: string } {
  return { name: kind === 'spending' ? tenant : session, tenant };
}
