import type { FiringAlert, ResolvedAlert } from '../../src/domain/alert.ts';
import type { Rule } from '../../src/domain/rule.ts';

/** A rule as the responder sees one: critical, terminates the session. */
export function aRule(said: Partial<Rule> = {}): Rule {
  return {
    name: 'EmailBurst',
    group: 'runaway',
    measure: { type: 'event_count' },
    match: { require: [], forbid: [] },
    groupBy: ['session'],
    windowMs: 60_000,
    condition: { comparison: 'gt', threshold: 30 },
    forMs: 0,
    keepFiringForMs: 0,
    cooldownMs: 300_000,
    severity: 'critical',
    simulate: false,
    actions: [{ type: 'terminate_session' }],
    overrides: [],
    exceptions: [],
    labels: {},
    annotations: {},
    hash: 'rule-hash',
    measureHash: 'measure-hash',
    source: { file: 'rules/a.yaml', line: 1, column: 1 },
    ...said,
  };
}

/** An alert that fires at `at` on session acme/s1. */
export function firing(at: number, said: Partial<FiringAlert> = {}): FiringAlert {
  return {
    state: 'firing',
    rule: aRule(),
    key: { tenant: 'acme', session: 's1' },
    keyText: 'tenant=acme,session=s1',
    at,
    evidence: {
      measure: 'event_count',
      value: 31,
      threshold: 30,
      score: null,
      window_ms: 60_000,
      window_end: at,
      events: [{ topic: 't', partition: 0, offset: 7, event_id: 'e7' }],
    },
    cause: { kind: 'record', partition: 0, offset: 7, appendedAt: at },
    evidenceAppendedAt: at,
    eventTs: at,
    subjects: { sessions: [{ tenant: 'acme', session: 's1' }], tool: null },
    ...said,
  };
}

export function resolved(of: FiringAlert, at: number): ResolvedAlert {
  const { rule, key, keyText, cause } = of;
  return { state: 'resolved', rule, key, keyText, cause, at, why: 'condition' };
}
