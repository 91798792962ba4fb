import type { Account, Place } from '../../crash/account.ts';
import { expectedOf } from '../../crash/expected.ts';
import type { Verdict } from '../../crash/incident.ts';
import type { Plan } from '../../crash/plan.ts';
import { Chain } from '../../src/audit/chain.ts';
import { auditFacts, SENTINEL, scopeFields } from '../../src/audit/facts.ts';
import type { AuditFacts, AuditRecord } from '../../src/domain/audit-record.ts';
import type { KillState, ScopedState } from '../../src/domain/kill-state.ts';
import { parseScope, type Scope } from '../../src/domain/scope.ts';

const START = 1_700_000_000_000;
const OPERATOR = { kind: 'operator', id: 'ann' } as const;

/** What a run of the plan leaves behind where nothing goes wrong. Every stop, alert and restore takes a millisecond. */
export function lawfulAccount(plan: Plan): Account {
  const history = new History(plan);
  for (const [text, { verdicts, isRestored }] of expectedOf(plan)) {
    const scope = parseScope(text)!;
    history.stop(scope, text, verdicts[0]!);
    if (isRestored) history.restore(scope, text);
    if (verdicts[1] !== undefined) history.stop(scope, text, verdicts[1]);
  }
  const { places, records, states, published } = history;
  const standing = [...states].map(([scope, state]) => ({ scope, state }));
  const appended = plan.stream.length;
  return { plan, places, records, states: standing, published, appended, deadLetters: 0, complaints: [] };
}

class History {
  readonly places: ReadonlyMap<string, Place>;
  readonly records: AuditRecord[] = [];
  readonly states = new Map<string, KillState>();
  readonly published: ScopedState[] = [];
  readonly #chain = new Chain('writer', null);
  #version = 0;

  constructor({ stream, closing, restores }: Plan) {
    const calls = [...stream, ...restores.flatMap((one) => one.calls), ...closing.flatMap((one) => one.calls)];
    this.places = new Map(calls.map(({ id }, offset) => [id, { partition: 0, offset }]));
  }

  stop(scope: Scope, text: string, { rule, decidedBy, value, threshold }: Verdict): void {
    const at = this.#tick();
    const said = {
      ...scopeFields(scope),
      actor: SENTINEL,
      reason: rule,
      decision_id: `decision ${this.#version}`,
      rule: { name: rule, group: 'crash', hash: 'hash' },
      evidence: {
        ...{ measure: 'any', value, threshold, score: null, window_ms: null, window_end: at },
        events: [{ topic: 'events', ...this.places.get(decidedBy)!, event_id: decidedBy }],
      },
      timing: { event_ts: at, appended_at: at, decided_at: null, applied_at: null },
    };
    this.#write(auditFacts({ type: 'alert.firing', scope: text, subject: decidedBy }, at, said));
    const type = scope.kind === 'session' ? 'session.terminated' : 'switch.tripped';
    this.#change(type, text, { ...this.#state('stop_all', text), at }, said);
  }

  restore(scope: Scope, text: string): void {
    const fence = this.#tick();
    const said = { ...scopeFields(scope), actor: OPERATOR, reason: 'well again', decision_id: `by hand ${fence}` };
    const type = scope.kind === 'session' ? 'session.restored' : 'switch.cleared';
    this.#change(type, text, { ...this.#state('none', text), fence }, said);
  }

  #change(
    type: AuditFacts['type'],
    scope: string,
    state: KillState,
    said: Partial<AuditFacts> & { readonly reason: string },
  ): void {
    const before = this.states.get(scope)?.mode ?? null;
    const change = { version: state.version, before, after: state.mode, expires_at: null };
    const facts = auditFacts({ type, scope, subject: `${state.version}` }, state.at, { ...said, state: change });
    this.#write(facts);
    this.states.set(scope, state);
    this.published.push({ scope, state });
  }

  #state(mode: KillState['mode'], scope: string): KillState {
    const fence = this.states.get(scope)?.fence ?? null;
    return {
      ...{ mode, reason: '', actor: SENTINEL, decision_id: `decision ${this.#version}`, rule: null, evidence: null },
      ...{ at: START + this.#version, expires_at: null, version: this.#version, in_flight: null, epoch: 'epoch' },
      ...{ fence, hold_until: null },
    };
  }

  #write(facts: AuditFacts): void {
    this.records.push(this.#chain.link(facts));
  }

  #tick(): number {
    this.#version += 1;
    return START + this.#version;
  }
}
