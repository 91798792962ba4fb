import { type Call, eventText } from './call.ts';
import { beginIncident } from './incidents.ts';
import { randomOf, zipf } from './random.ts';

/** What the workload is made of; the same options give the same bytes. */
export interface WorkloadOptions {
  /** Records, those delivered twice included. */
  readonly events: number;
  /** Ordinary sessions that they are drawn from, by Zipf(0.8). */
  readonly sessions: number;
  readonly tenants?: number;
  readonly seed?: number;
  /** Event time of the first one, epoch ms. */
  readonly startMs: number;
  /** Events per second of event time. */
  readonly rate?: number;
}

export interface WorkEvent {
  readonly tenant: number;
  readonly ts: number;
  readonly bytes: Buffer;
}

export const TENANTS = 200;
export const RATE = 2_000;
/** A fixed day, for measures that need no present. */
export const SOME_DAY = Date.UTC(2026, 10, 2, 8);

const WRITE_SHARE = 0.3;
const TWICE_SHARE = 0.02;
/** How many records later a second delivery comes, at most. */
const TWICE_WITHIN = 2_000;
const INCIDENT_EVERY = 3_000;
const READS = ['crm.get', 'docs.search', 'orders.list', 'files.read'];
const WRITES = ['email.send', 'db.write', 'ticket.update'];

export const tenantName = (tenant: number): string => `tenant-${String(tenant).padStart(3, '0')}`;

/** About as long as ids are in practice, and in no order. */
export const sessionName = (rank: number): string =>
  `run-${(Math.imul(rank + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0')}-${rank}`;

/**
 * The stream that every measure uses: ordinary calls, some of them delivered twice, and planted bursts, loops and
 * duplicate writes, in the order of event time but for second deliveries.
 */
export function* workload(options: WorkloadOptions): Generator<WorkEvent> {
  const { events, sessions, tenants = TENANTS, seed = 1, startMs, rate = RATE } = options;
  const random = randomOf(seed);
  const rank = zipf(sessions, 0.8, random);
  const due = new Agenda();
  for (let n = 0; n < events; n++) {
    const ts = startMs + Math.floor((n * 1_000) / rate);
    if (n % INCIDENT_EVERY === 0) plant(due, n, tenants);
    const planned = due.take(n);
    if (planned !== undefined) {
      yield planned(ts);
      continue;
    }
    const event = ordinary(n, ts, rank(), tenants, random);
    if (random() < TWICE_SHARE) due.add(n + 1 + Math.floor(random() * TWICE_WITHIN), () => event);
    yield event;
  }
}

function ordinary(n: number, ts: number, rank: number, tenants: number, random: () => number): WorkEvent {
  const write = random() < WRITE_SHARE;
  const names = write ? WRITES : READS;
  const call = {
    ...{ id: `e-${n}`, ts, tenant: tenantName(rank % tenants), session: sessionName(rank) },
    ...({ tool: names[Math.floor(random() * names.length)] as string, kind: write ? 'write' : 'read' } as const),
    ...{ operation: n, cost: Math.floor(random() * 200) },
  };
  return workEvent(rank % tenants, call);
}

/** Puts a burst, a loop or a set of duplicate writes, in turn, into the records to come. */
function plant(due: Agenda, n: number, tenants: number): void {
  const number = n / INCIDENT_EVERY;
  const tenant = number % tenants;
  const { every, calls } = beginIncident(number, tenantName(tenant));
  calls.forEach((call, i) => {
    due.add(n + i * every, (ts) => workEvent(tenant, { ...call, ts }));
  });
}

function workEvent(tenant: number, call: Call): WorkEvent {
  return { tenant, ts: call.ts, bytes: Buffer.from(eventText(call)) };
}

type Planned = (ts: number) => WorkEvent;

/** What comes at which record; where two want the same place the later one moves on. */
class Agenda {
  readonly #at = new Map<number, Planned[]>();

  add(n: number, planned: Planned): void {
    const there = this.#at.get(n);
    if (there === undefined) this.#at.set(n, [planned]);
    else there.push(planned);
  }

  take(n: number): Planned | undefined {
    const [first, ...others] = this.#at.get(n) ?? [];
    this.#at.delete(n);
    if (others.length > 0) this.#at.set(n + 1, [...others, ...(this.#at.get(n + 1) ?? [])]);
    return first;
  }
}
