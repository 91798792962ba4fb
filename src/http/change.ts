import { SentinelError } from '../domain/errors.ts';
import type { InFlight, Mode } from '../domain/mode.ts';
import { type Scope, scopeText } from '../domain/scope.ts';
import { isTripped } from '../killswitch/standing.ts';
import type { ChangeOutcome } from '../ports/kill-store.ts';
import type { HttpDeps } from './deps.ts';

/** What an operator asked for over HTTP. Without tokens nobody has a name there. */
export interface Stop {
  readonly scope: Scope;
  readonly mode: Mode | null;
  readonly reason: string | undefined;
  readonly ttlMs: number | null;
  readonly inFlight: InFlight | null;
  /** The request's own id: sent again, it changes nothing. */
  readonly decisionId: string;
}

export type Stopped = Exclude<ChangeOutcome, { status: 'refused' }>;

/** Trips a scope at once. @throws SentinelError where the store refuses, which it never does to operators while it works. */
export async function stop(deps: HttpDeps, asked: Stop): Promise<Stopped> {
  const outcome = await deps.store.trip({
    scope: asked.scope,
    mode: asked.mode,
    reason: asked.reason ?? 'stopped over HTTP',
    actor: { kind: 'operator', id: 'http' },
    decisionId: asked.decisionId,
    rule: null,
    evidence: null,
    ttlMs: asked.ttlMs,
    inFlight: asked.inFlight,
    audit: { severity: 'critical', action: actionOf(asked.scope), rule: null, evidence: null, timing: null },
  });
  if (outcome.status === 'repeated' && !isTripped(outcome.state)) {
    const since = outcome.state === null ? 'its state was lost or forgotten since' : 'it has been restored since';
    throw new SentinelError(
      'conflict',
      `this stop of ${scopeText(asked.scope)} was carried out before, and ${since}: to stop it again, send another Idempotency-Key`,
    );
  }
  if (outcome.status !== 'refused') return outcome;
  throw new SentinelError('conflict', `${scopeText(asked.scope)} was not stopped (${outcome.code}): ${outcome.detail}`);
}

function actionOf(scope: Scope): string {
  switch (scope.kind) {
    case 'session':
      return 'terminate_session';
    case 'tool':
      return 'disable_tool';
    default:
      return `flip_${scope.kind}`;
  }
}
