/** A guard's check, by ids and by handle, beside two plain `Set` lookups. Needs `--expose-gc` and a wide young generation. */
import { DEFAULT_CONFIG } from '../../src/daemon/config/config.ts';
import { createGuard, type GuardSession } from '../../src/guard/index.ts';
import { median } from '../figure.ts';
import { randomOf } from '../random.ts';
import { cpuOf, task } from './task.ts';

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
const TOOL = DEFAULT_CONFIG.tools.read.includes('*.get') ? 'crm.get' : 'unknown';
const ROUNDS = 12;

/** A string that no table has seen: its hash is not known yet, as with ids that come off a wire. */
const fresh = (text: string): string => Buffer.from(text).toString('latin1');
const tenantOf = (n: number): string => `tenant-${n % TENANTS}`;
const sessionOf = (n: number): string => `run-${Math.imul(n + 1, 0x9e3779b1) >>> 0}-${n}`;

interface Subject {
  readonly look: (request: Request, handle: GuardSession) => boolean;
  readonly rounds: Cost[];
}

/** CPU of one look and the bytes that it leaves. */
function round(look: Subject['look'], requests: readonly Request[], handles: readonly GuardSession[]): Cost {
  globalThis.gc?.();
  const heap = process.memoryUsage().heapUsed;
  let allowed = 0;
  const cpuS = cpuOf(() => {
    for (let n = 0; n < requests.length; n++) if (look(requests[n]!, handles[n]!)) allowed++;
  });
  const bytes = (process.memoryUsage().heapUsed - heap) / requests.length;
  if (allowed !== requests.length) throw new Error(`only ${allowed} of ${requests.length} checks allowed`);
  return { ns: (cpuS * 1e9) / requests.length, bytes };
}

/** The first rounds are the compiler's. */
function costOf({ rounds }: Subject): Cost {
  const warm = rounds.slice(3);
  return { ns: median(warm.map(({ ns }) => ns)), bytes: Math.max(0, Math.min(...warm.map(({ bytes }) => bytes))) };
}

await task<GuardCheckInput, GuardCheckResult>(async ({ redis, sessions, checks }) => {
  const guard = await createGuard({ redis });
  const handles: GuardSession[] = [];
  for (let n = 0; n < sessions; n++)
    handles.push(await guard.session({ tenantId: tenantOf(n), sessionId: sessionOf(n) }));
  const random = randomOf(1);
  const picks = Uint32Array.from({ length: checks }, () => Math.floor(random() * sessions));
  const chosen = Array.from(picks, (n) => handles[n]!);
  const requests = (): Request[] =>
    Array.from(picks, (n) => ({ tenantId: fresh(tenantOf(n)), sessionId: fresh(sessionOf(n)), tool: TOOL }));
  const killedTenants = new Set(Array.from({ length: 100 }, (_, n) => `killed-tenant-${n}`));
  const killedSessions = new Set(Array.from({ length: 1_000 }, (_, n) => `killed-${sessionOf(n)}`));
  const sets: Subject = {
    look: ({ tenantId, sessionId }) => !killedTenants.has(tenantId) && !killedSessions.has(sessionId),
    rounds: [],
  };
  const byIds: Subject = { look: (request) => guard.check(request).allowed, rounds: [] };
  const byHandle: Subject = { look: (_, handle) => handle.check(TOOL).allowed, rounds: [] };
  for (let n = 0; n < ROUNDS; n++) {
    for (const { look, rounds } of [sets, byIds, byHandle]) rounds.push(round(look, requests(), chosen));
  }
  await guard.close();
  return { sets: costOf(sets), byIds: costOf(byIds), byHandle: costOf(byHandle) };
});
