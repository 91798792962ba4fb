import { randomOf } from '../bench/random.ts';
import type { Call } from './call.ts';
import { type Incident, incidentOf, KINDS, nearlyOf } from './incident.ts';
import type { PlanOptions } from './plan-options.ts';
import { type Restore, restoresOf } from './restores.ts';
import { type Step, stepsOf } from './steps.ts';

/** What a run does and what must come of it. The same options give the same plan. */
export interface Plan {
  readonly options: PlanOptions;
  /** Calls in the order of their delivery, some of them twice. */
  readonly stream: readonly Call[];
  readonly incidents: readonly Incident[];
  readonly restores: readonly Restore[];
  readonly steps: readonly Step[];
  /** One more incident in each of many tenants, behind everything else: once they are decided, all of the log was read. */
  readonly closing: readonly Incident[];
}

const TENANTS = 10;
/** Events of an ordinary session. */
const SESSION_EVENTS = 5;
const TWICE_SHARE = 0.02;
/** How much further on in the stream an incident goes on, at most. */
const GAP_MAX = 60;
/** Every so many incidents there is a session that comes as near as is allowed, and every call of it twice. */
const NEARLY_EVERY = 10;
/** More tenants than partitions, by far. */
const CLOSING = 20;

export function planOf(options: PlanOptions): Plan {
  const { events, incidents: count, seed } = options;
  const random = randomOf(seed);
  const agenda = new Map<number, Call[]>();
  const incidents = Array.from({ length: count }, (_, n) => {
    const incident = incidentOf(KINDS[n % KINDS.length]!, `${KINDS[n % KINDS.length]}-${n}`, `t${n % TENANTS}`);
    // Spread over the whole stream, each somewhere in its own part.
    scatter(agenda, incident.calls, Math.floor(((n + random()) * events) / count), random);
    return incident;
  });
  for (let n = 0; n < count; n += NEARLY_EVERY) {
    const calls = nearlyOf(KINDS[(n / NEARLY_EVERY) % KINDS.length]!, `nearly-${n}`, `t${n % TENANTS}`);
    const twice = calls.flatMap((call) => [call, call]);
    scatter(agenda, twice, Math.floor(random() * events), random);
  }
  const stream = streamOf(events, agenda, random);
  const steps = stepsOf(options, stream.length, random);
  return {
    options,
    stream,
    incidents,
    steps,
    restores: restoresOf(options.restores, { stream, incidents, steps }, random),
    closing: Array.from({ length: CLOSING }, (_, n) => incidentOf('burst', `closing-${n}`, `c${n}`)),
  };
}

/** Puts calls at places of the stream, from `at` on, in order. */
function scatter(agenda: Map<number, Call[]>, calls: readonly Call[], at: number, random: () => number): void {
  let place = at;
  for (const call of calls) {
    const there = agenda.get(place);
    if (there === undefined) agenda.set(place, [call]);
    else there.push(call);
    place += Math.floor(random() * GAP_MAX);
  }
}

function streamOf(events: number, agenda: ReadonlyMap<number, Call[]>, random: () => number): readonly Call[] {
  const stream: Call[] = [];
  const deliver = (call: Call): void => {
    stream.push(call);
    if (random() < TWICE_SHARE) stream.push(call);
  };
  const last = Math.max(events, ...agenda.keys());
  for (let n = 0; n <= last; n++) {
    for (const call of agenda.get(n) ?? []) deliver(call);
    if (n < events) deliver(ordinary(n));
  }
  return stream;
}

/** A few writes and searches in a session: nothing that a rule minds. */
function ordinary(n: number): Call {
  const isWrite = n % 2 === 0;
  return {
    id: `e-${n}`,
    tenant: `t${n % TENANTS}`,
    session: `s-${Math.floor(n / (TENANTS * SESSION_EVENTS))}`,
    tool: isWrite ? 'db.write' : 'docs.search',
    kind: isWrite ? 'write' : 'read',
    operation: `${n}`,
  };
}
