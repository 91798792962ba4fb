/**
 * The rules as a good developer writes them in a day: zod at the door, a Map per measure, arrays as windows. It judges
 * the same five rules as bench/rules/five.yaml, with the same thresholds.
 */
import { z } from 'zod';
import { type Flags, flagText } from '../flags.ts';

const eventSchema = z.object({
  event_id: z.string().min(1).max(256),
  ts: z.number().int(),
  tenant_id: z.string().min(1).max(256),
  session_id: z.string().min(1).max(256),
  agent_id: z.string().optional(),
  type: z.enum(['tool_call', 'llm_call', 'session_start', 'session_end']).default('tool_call'),
  tool: z.string().optional(),
  kind: z.enum(['read', 'write']).default('write'),
  call_id: z.string().optional(),
  args: z.record(z.string(), z.unknown()).default({}),
  status: z.enum(['ok', 'error', 'blocked', 'cancelled']).default('ok'),
  cost_usd: z.number().min(0).nullish(),
  tokens_in: z.number().min(0).nullish(),
  tokens_out: z.number().min(0).nullish(),
  latency_ms: z.number().min(0).nullish(),
});

type Event = z.infer<typeof eventSchema>;

const MINUTE = 60_000;
const SESSION_COST_USD = 5;
const TENANT_COST_USD = 45;
const LOOP_FINGERPRINTS = 64;
const REMEMBERED_EVENTS = 100_000;

export interface Flagged {
  readonly rule: string;
  readonly tenant: string;
  readonly session: string | undefined;
}

export class NaiveJudge {
  #seen = new Set<string>();
  #seenBefore = new Set<string>();
  readonly #writes = new Map<string, TimeWindow>();
  readonly #sessionCost = new CostWindows(SESSION_COST_USD);
  readonly #tenantCost = new CostWindows(TENANT_COST_USD);
  readonly #operations = new Map<string, Operations>();
  readonly #loops = new Map<string, Map<string, number>>();
  readonly #flagged = new Set<string>();

  /** Judges one event. @returns what it is the first to flag */
  take(value: unknown): Flagged[] {
    const event = eventSchema.parse(value);
    const { event_id, tenant_id: tenant, session_id: session, ts } = event;
    const key = `${tenant}/${session}`;
    if (this.#isRepeated(`${key}/${event_id}`)) return [];
    const fingerprint = `${event.tool}:${JSON.stringify(sorted(event.args))}`;
    const cost = event.cost_usd ?? 0;
    const held = [
      event.kind === 'write' && this.#countWrites(key, ts) > 30 && 'SessionWrites',
      this.#sessionCost.add(key, ts, cost) > SESSION_COST_USD && 'SessionCost',
      event.kind === 'write' && this.#countRepeats(key, fingerprint, ts) >= 4 && 'DuplicateWrites',
      this.#countLoop(key, fingerprint, event.kind) >= 8 && 'Loop',
    ];
    const flags = held.flatMap((rule) => (rule ? this.#flag(rule, tenant, session) : []));
    if (this.#tenantCost.add(tenant, ts, cost) > TENANT_COST_USD) flags.push(...this.#flag('TenantCost', tenant));
    return flags;
  }

  get flags(): Flags {
    const borderline = [
      ...this.#sessionCost.borderline().map((key) => `SessionCost/${key}`),
      ...this.#tenantCost.borderline().map((key) => `TenantCost/${key}`),
    ];
    return { flagged: [...this.#flagged], borderline };
  }

  #flag(rule: string, tenant: string, session?: string): Flagged[] {
    const flag = flagText(rule, tenant, session);
    if (this.#flagged.has(flag)) return [];
    this.#flagged.add(flag);
    return [{ rule, tenant, session }];
  }

  /** Two generations: taking the oldest out of one big set is slow. */
  #isRepeated(id: string): boolean {
    if (this.#seen.has(id) || this.#seenBefore.has(id)) return true;
    this.#seen.add(id);
    if (this.#seen.size < REMEMBERED_EVENTS) return false;
    this.#seenBefore = this.#seen;
    this.#seen = new Set();
    return false;
  }

  #countWrites(key: string, ts: number): number {
    return valueAt(this.#writes, key, () => new TimeWindow(MINUTE)).add(ts, 1);
  }

  #countRepeats(key: string, fingerprint: string, ts: number): number {
    const operations = valueAt(this.#operations, key, () => ({ windows: new Map(), sweptAt: ts }));
    if (ts - operations.sweptAt > 5 * MINUTE) sweep(operations, ts);
    const window = valueAt(operations.windows, fingerprint, () => new TimeWindow(5 * MINUTE));
    return window.add(ts, 1) - 1;
  }

  #countLoop(key: string, fingerprint: string, kind: Event['kind']): number {
    const calls = valueAt(this.#loops, key, () => new Map<string, number>());
    const count = (calls.get(fingerprint) ?? 0) + 1;
    if (kind === 'write') calls.clear();
    calls.delete(fingerprint);
    calls.set(fingerprint, count);
    if (calls.size > LOOP_FINGERPRINTS) calls.delete(calls.keys().next().value as string);
    return count;
  }
}

interface Operations {
  readonly windows: Map<string, TimeWindow>;
  sweptAt: number;
}

function sweep(operations: Operations, ts: number): void {
  operations.sweptAt = ts;
  for (const [fingerprint, { newest }] of operations.windows) {
    if (newest <= ts - 5 * MINUTE) operations.windows.delete(fingerprint);
  }
}

/** A sum per key over the last five minutes. */
class CostWindows {
  readonly #windows = new Map<string, TimeWindow>();
  readonly #threshold: number;

  constructor(threshold: number) {
    this.#threshold = threshold;
  }

  add(key: string, ts: number, cost: number): number {
    return valueAt(this.#windows, key, () => new TimeWindow(5 * MINUTE)).add(ts, cost);
  }

  borderline(): string[] {
    const near = ({ greatest }: TimeWindow) => Math.abs(greatest / this.#threshold - 1) <= 0.03;
    return [...this.#windows].filter(([, window]) => near(window)).map(([key]) => key);
  }
}

/** Amounts of the last while, in arrays; what has left is cut off once it is half of them. */
class TimeWindow {
  readonly #windowMs: number;
  #times: number[] = [];
  #amounts: number[] = [];
  #first = 0;
  #sum = 0;
  greatest = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  get newest(): number {
    return this.#times.at(-1) ?? 0;
  }

  /** @returns the sum with this one */
  add(ts: number, amount: number): number {
    while (this.#first < this.#times.length && this.#times[this.#first]! <= ts - this.#windowMs) {
      this.#sum -= this.#amounts[this.#first++]!;
    }
    if (this.#first > 32 && this.#first * 2 > this.#times.length) this.#cut();
    this.#times.push(ts);
    this.#amounts.push(amount);
    this.#sum += amount;
    this.greatest = Math.max(this.greatest, this.#sum);
    return this.#sum;
  }

  #cut(): void {
    this.#times = this.#times.slice(this.#first);
    this.#amounts = this.#amounts.slice(this.#first);
    this.#first = 0;
  }
}

function valueAt<V>(map: Map<string, V>, key: string, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  );
}
