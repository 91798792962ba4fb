/** Some guards of one process, each with a session of the tenant that is flipped. Tells when the last of them refuses. */
import { createGuard, type GuardSession } from '../../src/guard/index.ts';
import { monotonicMs } from '../monotonic.ts';
import { taskInput } from './task.ts';

export interface FlipGuardsInput {
  readonly redis: { readonly url: string; readonly keyPrefix: string };
  readonly tenant: string;
  readonly guards: number;
  /** Of the process, from 0. */
  readonly place: number;
}

const { redis, tenant, guards, place } = taskInput<FlipGuardsInput>();
const sessions: GuardSession[] = [];
let refusing = 0;

function refused(): void {
  if (++refusing < guards) return;
  refusing = 0;
  const refusedAt = monotonicMs();
  if (sessions.some((session) => session.check('db.write').allowed)) throw new Error('a guard still allows');
  process.send?.({ refusedAt });
}

for (let n = 0; n < guards; n++) {
  const guard = await createGuard({ redis });
  const sessionId = `run-${place}-${n}`;
  sessions.push(await guard.session({ tenantId: tenant, sessionId, onKilled: refused }));
}

function tellWhenLifted(): void {
  if (sessions.every((session) => session.check('db.write').allowed)) process.send?.({ lifted: true });
  else setTimeout(tellWhenLifted, 5);
}

process.on('message', (message: object) => {
  if ('lift' in message) tellWhenLifted();
});
process.send?.({ ready: true });
