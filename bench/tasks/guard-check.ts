/** A guard's check, by ids and by handle, beside two plain `Set` lookups. Needs `--expose-gc` and a wide young generation. */
import { DEFAULT_CONFIG } from '../../src/daemon/config/config.ts';
import { createGuard, type GuardSession } from '../../src/guard/index.ts';
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
const TOOL = DEFAULT_CONFIG.tools.read.includes('*.get') ? 'crm.get' : 'unknown';
const ROUNDS = 9;

/** A string that no table has seen: its hash is not known yet, as with ids that come off a wire. */
const fresh = (text: string): string => Buffer.from(text).toString('latin1');
const tenantOf = (n: number): string => `tenant-${n % TENANTS}`;
const sessionOf = (n: number): string => `run-${Math.imul(n + 1, 0x9e3779b1) >>> 0}-${n}`;

/** Median CPU of one look and the bytes that it leaves, over rounds with new requests. */
function costOf(
  checks: number,
  requests: () => readonly Request[],
  look: (request: Request, n: number) => boolean,
): Cost {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const list = requests();
    globalThis.gc?.();
    const heap = process.memoryUsage().heapUsed;
    const begun = process.hrtime.bigint();
    let allowed = 0;
    for (let n = 0; n < list.length; n++) if (look(list[n]!, n)) allowed++;
    const ns = Number(process.hrtime.bigint() - begun) / checks;
    const bytes = (process.memoryUsage().heapUsed - heap) / checks;
    if (allowed !== list.length) throw new Error(`only ${allowed} of ${list.length} checks allowed`);
    return { ns, bytes };
  });
  // The first rounds are the compiler's.
  const warm = rounds.slice(3).sort((a, b) => a.ns - b.ns);
  const middle = warm[warm.length >> 1]!;
  return { ns: middle.ns, bytes: Math.max(0, Math.min(...warm.map(({ bytes }) => bytes))) };
}

await task<GuardCheckInput, GuardCheckResult>(async ({ redis, sessions, checks }) => {
  const guard = await createGuard({ redis });
  const handles: GuardSession[] = [];
  for (let n = 0; n < sessions; n++)
    handles.push(await guard.session({ tenantId: tenantOf(n), sessionId: sessionOf(n) }));
  const random = randomOf(1);
  const picks = Uint32Array.from({ length: checks }, () => Math.floor(random() * sessions));
  const requests = (): Request[] =>
    Array.from(picks, (n) => ({ tenantId: fresh(tenantOf(n)), sessionId: fresh(sessionOf(n)), tool: TOOL }));
  const killedTenants = new Set(Array.from({ length: 100 }, (_, n) => `killed-tenant-${n}`));
  const killedSessions = new Set(Array.from({ length: 1_000 }, (_, n) => `killed-${sessionOf(n)}`));
  const sets = costOf(
    checks,
    requests,
    ({ tenantId, sessionId }) => !killedTenants.has(tenantId) && !killedSessions.has(sessionId),
  );
  const byIds = costOf(checks, requests, (request) => guard.check(request).allowed);
  const byHandle = costOf(checks, requests, (_, n) => handles[picks[n]!]!.check(TOOL).allowed);
  await guard.close();
  return { sets, byIds, byHandle };
});
