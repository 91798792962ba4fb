/**
 * A guard's check, by ids and by handle, beside two plain `Set` lookups that find nothing, as they mostly would.
 *
 * All three go through the same requests in the same order, at random over as many sessions as the larger Set holds, so
 * that each pays for its own cache misses. The ids are strings that no table has seen: whoever looks them up computes
 * their hash. Each has a loop of its own, compiled for it alone; one loop that is handed three functions costs more than
 * what it measures. A stretch of checks is short beside a time slice, and the median of all leaves out the stretches in
 * which somebody else had the core. Needs `--expose-gc` and a wide young generation.
 */
import { createGuard, type Guard, type GuardSession } from '../../src/guard/index.ts';
import { median } from '../figure.ts';
import { randomOf } from '../random.ts';
import { task } from './task.ts';

export interface GuardCheckInput {
  readonly redis: { readonly url: string; readonly keyPrefix: string };
  readonly sessions: number;
  readonly checks: number;
}

export interface Cost {
  readonly ns: number;
  readonly bytes: number;
}

export interface GuardCheckResult {
  readonly sets: Cost;
  readonly byIds: Cost;
  readonly byHandle: Cost;
}

interface Request {
  readonly tenantId: string;
  readonly sessionId: string;
  readonly tool: string;
}

const TENANTS = 200;
/** Reads by the default lists, asked for in turn. In no order at all, a mispredicted branch more would be measured (8 ns). */
const READS = ['crm.read', 'crm.get', 'crm.list', 'crm.search'] as const;
const ROUNDS = 12;
/** Checks between two looks at the clock. */
const STRETCH = 2_000;

/** A string that no table has seen: its hash is not known yet, as with ids that come off a wire. */
const fresh = (text: string): string => Buffer.from(text).toString('latin1');
const tenantOf = (n: number): string => `tenant-${n % TENANTS}`;
const sessionOf = (n: number): string => `run-${Math.imul(n + 1, 0x9e3779b1) >>> 0}-${n}`;

/** Requests one after the other, each with the handle of its session. */
interface Stretch {
  readonly requests: readonly Request[];
  readonly handles: readonly GuardSession[];
  readonly from: number;
  readonly to: number;
}

interface Subject {
  /** @returns how many of them were allowed */
  readonly check: (stretch: Stretch) => number;
  readonly rounds: Cost[];
}

/** Time of one check, and the bytes that it leaves. */
function round(check: Subject['check'], requests: readonly Request[], handles: readonly GuardSession[]): Cost {
  globalThis.gc?.();
  const times = new Float64Array(Math.floor(requests.length / STRETCH));
  const heap = process.memoryUsage().heapUsed;
  let allowed = 0;
  for (let n = 0; n < times.length; n++) {
    const from = n * STRETCH;
    const startedAt = performance.now();
    allowed += check({ requests, handles, from, to: from + STRETCH });
    times[n] = performance.now() - startedAt;
  }
  const checks = times.length * STRETCH;
  const bytes = (process.memoryUsage().heapUsed - heap) / checks;
  if (allowed !== checks) throw new Error(`only ${allowed} of ${checks} checks allowed`);
  return { ns: (median([...times]) * 1e6) / STRETCH, bytes };
}

/** The first rounds are the compiler's. */
function costOf({ rounds }: Subject): Cost {
  const warm = rounds.slice(3);
  return { ns: median(warm.map(({ ns }) => ns)), bytes: Math.max(0, Math.min(...warm.map(({ bytes }) => bytes))) };
}

function setsOf(sessions: number): Subject {
  const tenants = new Set(Array.from({ length: TENANTS }, (_, n) => `killed-${tenantOf(n)}`));
  const killed = new Set(Array.from({ length: sessions }, (_, n) => `killed-${sessionOf(n)}`));
  const check: Subject['check'] = ({ requests, from, to }) => {
    let allowed = 0;
    for (let n = from; n < to; n++) {
      const { tenantId, sessionId } = requests[n]!;
      if (!tenants.has(tenantId) && !killed.has(sessionId)) allowed++;
    }
    return allowed;
  };
  return { check, rounds: [] };
}

function byIdsOf(guard: Guard): Subject {
  const check: Subject['check'] = ({ requests, from, to }) => {
    let allowed = 0;
    for (let n = from; n < to; n++) if (guard.check(requests[n]!).allowed) allowed++;
    return allowed;
  };
  return { check, rounds: [] };
}

function byHandleOf(tools: readonly string[]): Subject {
  const check: Subject['check'] = ({ handles, from, to }) => {
    let allowed = 0;
    for (let n = from; n < to; n++) if (handles[n]!.check(tools[n]!).allowed) allowed++;
    return allowed;
  };
  return { check, rounds: [] };
}

await task<GuardCheckInput, GuardCheckResult>(async ({ redis, sessions, checks }) => {
  const guard = await createGuard({ redis });
  const handles: GuardSession[] = [];
  for (let n = 0; n < sessions; n++)
    handles.push(await guard.session({ tenantId: tenantOf(n), sessionId: sessionOf(n) }));
  const random = randomOf(1);
  const picks = Uint32Array.from({ length: checks }, () => Math.floor(random() * sessions));
  const chosen = Array.from(picks, (n) => handles[n]!);
  const tools = Array.from(picks, (_, n) => READS[n % READS.length]!);
  const requests = (): Request[] =>
    Array.from(picks, (pick, n) => ({
      ...{ tenantId: fresh(tenantOf(pick)), sessionId: fresh(sessionOf(pick)), tool: tools[n]! },
    }));
  const subjects = { sets: setsOf(sessions), byIds: byIdsOf(guard), byHandle: byHandleOf(tools) };
  for (let n = 0; n < ROUNDS; n++) {
    for (const { check, rounds } of Object.values(subjects)) rounds.push(round(check, requests(), chosen));
  }
  await guard.close();
  const { sets, byIds, byHandle } = subjects;
  return { sets: costOf(sets), byIds: costOf(byIds), byHandle: costOf(byHandle) };
});
