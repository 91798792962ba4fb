import { describe, expect, it } from 'vitest';
import type { Decision, DecisionOutcome } from '../../src/domain/decision.ts';
import type { KillState } from '../../src/domain/kill-state.ts';
import type { Rule } from '../../src/domain/rule.ts';
import { judge } from '../../src/responder/ladder.ts';
import { escalationOf, spendsOf } from '../../src/responder/limits.ts';
import { reasonFor } from '../../src/responder/reason.ts';
import { Responder } from '../../src/responder/responder.ts';
import { aRule, firing, resolved } from '../support/alerts.ts';
import { SETTINGS } from '../support/responder-settings.ts';

const MINUTE = 60_000;
const T = 1_000_000_000;
const at = (horizon: number, wall = horizon) => ({ horizon, wall });
const never = () => null;

function onlyDecision(rule: Partial<Rule> = {}, said = SETTINGS): Decision {
  const due = new Responder(said).fire(firing(T, { rule: aRule(rule) }), at(T));
  expect(due.attempts).toHaveLength(1);
  return due.attempts[0]!;
}

function applied(expires_at: number | null = null): DecisionOutcome {
  return { status: 'applied', state: { expires_at } as KillState, before: null, appliedAt: T };
}

describe('the ladder: the first rung that holds a decision back says why', () => {
  const decisionOf = (rule: Partial<Rule>): Decision => ({
    ...onlyDecision(),
    alert: firing(T, { rule: aRule(rule) }),
  });
  const now = { at: T, horizon: T, wall: T, lastCauseAt: null, staleAfterMs: 5 * MINUTE };
  const tenantMatch = (glob: string) => ({ require: [{ field: 'tenant', globs: [glob] }], forbid: [] });

  it.each([
    ['nothing stands in the way: act', {}, {}, 'act'],
    ['a warning never acts', { severity: 'warning' }, {}, 'severity'],
    [
      'an exception that covers the key',
      { exceptions: [{ match: tenantMatch('ac*'), until: null, comment: 'x' }] },
      {},
      'exception',
    ],
    [
      'an exception of another tenant',
      { exceptions: [{ match: tenantMatch('b*'), until: null, comment: '' }] },
      {},
      'act',
    ],
    [
      'an exception holds before its end',
      { exceptions: [{ match: tenantMatch('*'), until: T + 1, comment: '' }] },
      {},
      'exception',
    ],
    [
      'an exception is over at its end',
      { exceptions: [{ match: tenantMatch('*'), until: T, comment: '' }] },
      {},
      'act',
    ],
    ['in the cooldown', {}, { lastCauseAt: T - 5 * MINUTE + 1 }, 'cooldown'],
    ['the cooldown is over after exactly its length', {}, { lastCauseAt: T - 5 * MINUTE }, 'act'],
    ['exactly as old as allowed is not stale', {}, { wall: T + 5 * MINUTE }, 'act'],
    ['older is', {}, { wall: T + 5 * MINUTE + 1 }, 'stale'],
    [
      'severity comes before exceptions',
      { severity: 'info', exceptions: [{ match: tenantMatch('*'), until: null, comment: '' }] },
      {},
      'severity',
    ],
  ] as const)('%s', (_law, rule, moment, expected) => {
    const judgement = judge(decisionOf(rule as Partial<Rule>), { ...now, ...moment });
    expect(judgement.act ? 'act' : judgement.code).toBe(expected);
  });
});

describe('decisions', () => {
  it('the same cause decided again has the same id; another session, action or cause has another', () => {
    const id = onlyDecision().id;
    expect(onlyDecision().id).toBe(id);
    const other = new Responder(SETTINGS).fire(
      firing(T, { cause: { kind: 'record', partition: 0, offset: 8, appendedAt: T } }),
      at(T),
    );
    expect(other.attempts[0]!.id).not.toBe(id);
  });

  it('n sessions are n decisions, in the order of the alert', () => {
    const sessions = ['s3', 's1', 's2'].map((session) => ({ tenant: 'acme', session }));
    const due = new Responder(SETTINGS).fire(firing(T, { subjects: { sessions, tool: null } }), at(T));
    expect(due.attempts.map(({ scope }) => scope)).toEqual(sessions.map((one) => ({ kind: 'session', ...one })));
    expect(new Set(due.attempts.map(({ id }) => id)).size).toBe(3);
  });

  it('a flip of a rule over money stops all, others take the configured mode, and a named mode wins', () => {
    const flip = (said: Partial<Rule>, mode: 'stop_new_runs' | null = null) =>
      onlyDecision({ groupBy: ['tenant'], actions: [{ type: 'flip_tenant', mode, ttlMs: MINUTE }], ...said }).mode;
    expect(flip({})).toBe('disable_writes');
    expect(flip({ measure: { type: 'value_sum', field: 'cost_usd' } })).toBe('stop_all');
    expect(flip({ measure: { type: 'value_sum', field: 'tokens' } })).toBe('stop_all');
    expect(flip({ measure: { type: 'value_sum', field: 'cost_usd' } }, 'stop_new_runs')).toBe('stop_new_runs');
  });

  it('a kill has the end that the store gives sessions, a timeout or budget ends after one day', () => {
    expect(onlyDecision().ttlMs).toBeNull();
    expect(onlyDecision({ measure: { type: 'session_total', field: 'actions' } }).ttlMs).toBe(86_400_000);
  });

  it('disables the exact tool of the repeated operation, and nothing where there is no single one', () => {
    const rule = aRule({ actions: [{ type: 'disable_tool', scope: 'tenant', ttlMs: MINUTE }] });
    const withTool = firing(T, { rule, subjects: { sessions: [], tool: 'email.send' } });
    const without = firing(T, { rule, subjects: { sessions: [], tool: null } });
    expect(new Responder(SETTINGS).fire(withTool, at(T)).attempts[0]!.scope).toEqual({
      kind: 'tool',
      tenant: 'acme',
      pattern: 'email.send',
    });
    expect(new Responder(SETTINGS).fire(without, at(T)).attempts).toEqual([]);
  });

  it('simulates where the rule or the whole responder says so', () => {
    expect(onlyDecision({ simulate: true }).simulate).toBe(true);
    expect(onlyDecision({}, { ...SETTINGS, simulate: true }).simulate).toBe(true);
    expect(onlyDecision().simulate).toBe(false);
  });
});

describe('an episode', () => {
  it('acts once', () => {
    const responder = new Responder(SETTINGS);
    const [decision] = responder.fire(firing(T), at(T)).attempts;
    responder.settle(decision!, applied(), at(T));
    expect(responder.due(at(T + 3_600_000), never).attempts).toEqual([]);
  });

  it('tries a refused decision again under the same id, at most every 10 s, until it ends', () => {
    const responder = new Responder(SETTINGS);
    const alert = firing(T);
    const [decision] = responder.fire(alert, at(T)).attempts;
    responder.settle(decision!, { status: 'refused', code: 'hold', detail: 'held' }, at(T));
    expect(responder.due(at(T + 9_999), never).attempts).toEqual([]);
    expect(responder.due(at(T + 10_000), never).attempts.map(({ id }) => id)).toEqual([decision!.id]);
    responder.resolve(resolved(alert, T + 20_000));
    expect(responder.due(at(T + 60_000), never).attempts).toEqual([]);
  });

  it('records a suppression once per reason, and a count when it ends', () => {
    const responder = new Responder(SETTINGS);
    const alert = firing(T);
    const [decision] = responder.fire(alert, at(T)).attempts;
    const refused: DecisionOutcome = { status: 'refused', code: 'hold', detail: 'held' };
    expect(responder.settle(decision!, refused, at(T))).toHaveLength(1);
    expect(responder.settle(decision!, refused, at(T + 10_000))).toHaveLength(0);
    const { suppressed } = responder.resolve(resolved(alert, T + 25_000));
    expect(suppressed).toMatchObject([{ code: 'hold', count: 3, at: T + 25_000 }]);
  });

  it('waits out the cooldown of an applied decision, then acts if the alert still fires', () => {
    const responder = new Responder(SETTINGS);
    const first = firing(T);
    responder.settle(responder.fire(first, at(T)).attempts[0]!, applied(), at(T));
    responder.resolve(resolved(first, T + 1_000));
    const cause = { kind: 'record', partition: 0, offset: 9, appendedAt: T + 2_000 } as const;
    const due = responder.fire(firing(T + 2_000, { cause }), at(T + 2_000));
    expect(due).toMatchObject({ attempts: [], suppressed: [{ code: 'cooldown' }] });
    expect(responder.due(at(T + 5 * MINUTE), never).attempts).toHaveLength(1);
  });

  it('keeps the cooldown of its newest decision, though an older one is carried out again after a restart', () => {
    const responder = new Responder(SETTINGS);
    const first = firing(T);
    const [older] = responder.fire(first, at(T)).attempts;
    responder.settle(older!, applied(), at(T));
    responder.resolve(resolved(first, T + 1_000));
    const later = T + 10 * MINUTE;
    const cause = { kind: 'record', partition: 0, offset: 9, appendedAt: later } as const;
    const second = firing(later, { cause });
    responder.settle(responder.fire(second, at(later)).attempts[0]!, applied(), at(later));
    responder.resolve(resolved(second, later + 1_000));
    responder.settle(older!, { status: 'repeated', state: null }, at(later + 2_000));
    const next = { kind: 'record', partition: 0, offset: 10, appendedAt: later + 3_000 } as const;
    const due = responder.fire(firing(later + 3_000, { cause: next }), at(later + 3_000));
    expect(due).toMatchObject({ attempts: [], suppressed: [{ code: 'cooldown' }] });
  });

  it('has no cooldown after a decision that was not applied', () => {
    const responder = new Responder(SETTINGS);
    const first = firing(T);
    const [decision] = responder.fire(first, at(T)).attempts;
    responder.settle(decision!, { status: 'refused', code: 'fence', detail: '' }, at(T));
    responder.resolve(resolved(first, T + 1_000));
    expect(responder.fire(firing(T + 2_000), at(T + 2_000)).attempts).toHaveLength(1);
  });

  it('does not lose a decision that the kill store could not be asked about, though the alert ends', () => {
    const responder = new Responder(SETTINGS);
    const alert = firing(T);
    const [decision] = responder.fire(alert, at(T)).attempts;
    expect(responder.postpone(decision!, T + 500)).toBe(true);
    expect(responder.postpone(decision!, T + 1_000)).toBe(false);
    expect(responder.resolve(resolved(alert, T + 600)).unreached).toEqual([decision]);
  });

  it('decides once more when its switch has expired, the cooldown is over and there is newer evidence', () => {
    const rule = aRule({ actions: [{ type: 'flip_tenant', mode: null, ttlMs: 10 * MINUTE }] });
    const responder = new Responder(SETTINGS);
    const alert = firing(T, { rule });
    const [decision] = responder.fire(alert, at(T)).attempts;
    const expires = T + 10 * MINUTE;
    responder.settle(decision!, applied(expires), at(T));
    const newer = (appendedAt: number) => () => ({
      ...alert,
      cause: { kind: 'record', partition: 0, offset: 99, appendedAt } as const,
      evidenceAppendedAt: appendedAt,
    });
    expect(responder.due(at(expires), newer(expires)).attempts).toEqual([]);
    expect(responder.due(at(expires + 1), newer(expires)).attempts).toEqual([]);
    const [again] = responder.due(at(expires + 2), newer(expires + 1)).attempts;
    expect(again!.id).not.toBe(decision!.id);
    expect(again!.scope).toEqual(decision!.scope);
  });

  it('goes on from its snapshot as if it had never stopped', () => {
    const responder = new Responder(SETTINGS);
    const alert = firing(T);
    const [decision] = responder.fire(alert, at(T)).attempts;
    responder.settle(decision!, { status: 'refused', code: 'limit', detail: '' }, at(T));
    const again = new Responder(SETTINGS, JSON.parse(JSON.stringify(responder.snapshot())));
    for (const one of [responder, again]) {
      expect(one.due(at(T + 10_000), never).attempts.map(({ id }) => id)).toEqual([decision!.id]);
      expect(one.resolve(resolved(alert, T + 30_000)).suppressed).toHaveLength(1);
    }
  });
});

describe('limits', () => {
  it('a kill spends its tenant and the share, a timeout its tenant, a flip the flips of all', () => {
    const names = (rule: Partial<Rule>) => spendsOf(onlyDecision(rule), SETTINGS, undefined).map(({ name }) => name);
    expect(names({})).toEqual(['session_kills:acme', 'share']);
    expect(names({ measure: { type: 'session_age', activeWithinMs: 1 } })).toEqual(['timeouts:acme']);
    expect(names({ actions: [{ type: 'flip_tenant', mode: null, ttlMs: 1 }] })).toEqual(['tenant_flips']);
  });

  it("a group's own limit is spent per tenant", () => {
    const spends = spendsOf(onlyDecision(), SETTINGS, { name: 'runaway', limit: { max: 2, perMs: 5 } });
    expect(spends.at(-1)).toEqual({ name: 'group:runaway:acme', max: 2, perMs: 5, concerns: 'tenant' });
  });

  it('escalates kills of sessions to the tenant for 30m, unless told to hold', () => {
    const decision = onlyDecision();
    expect(escalationOf(decision, SETTINGS)).toMatchObject({
      ttlMs: 30 * MINUTE,
      limits: [{ name: 'tenant_flips' }],
    });
    expect(escalationOf(decision, { ...SETTINGS, onLimit: 'hold' })).toBeNull();
    expect(
      escalationOf(onlyDecision({ actions: [{ type: 'flip_tenant', mode: null, ttlMs: 1 }] }), SETTINGS),
    ).toBeNull();
  });
});

describe('reasons are one line for an operator at night', () => {
  const evidence = { ...firing(T).evidence, value: 12.4, threshold: 10, window_ms: 600_000 };
  it.each([
    [{ type: 'value_sum', field: 'cost_usd' }, 'Auto-kill: cost_usd anomaly: 12.40 in 10m, limit 10.00'],
    [{ type: 'event_count' }, 'Auto-kill: event_count anomaly: 12.4 in 10m, limit 10'],
  ] as const)('%j', (measure, text) => {
    expect(reasonFor(measure, evidence)).toBe(text);
  });

  it.each([
    [{ type: 'session_total', field: 'cost_usd' }, 'Budget exceeded: max_cost_usd'],
    [{ type: 'session_total', field: 'tokens' }, 'Budget exceeded: max_tokens'],
    [{ type: 'session_total', field: 'actions' }, 'Budget exceeded: max_actions'],
    [{ type: 'session_age', activeWithinMs: 1 }, 'Session timeout'],
    [{ type: 'session_idle' }, 'Session timeout'],
  ] as const)('budgets and timeouts read as a guard says them: %j', (measure, text) => {
    expect(reasonFor(measure, { ...evidence, window_ms: null })).toBe(text);
  });

  it.each([
    [5.000000001, 5, '5.000000001 in 10m, limit 5.00'],
    [5.004, 5, '5.004 in 10m, limit 5.00'],
    [5, 5, '5.00 in 10m, limit 5.00'],
    [12.4, 0.005, '12.400 in 10m, limit 0.005'],
    [0.0049, 0.005, '0.0049 in 10m, limit 0.005'],
  ])('a value is never shown equal to a limit that it is not: %d, %d', (value, threshold, text) => {
    const spent = { ...evidence, value, threshold };
    expect(reasonFor({ type: 'value_sum', field: 'cost_usd' }, spent)).toBe(`Auto-kill: cost_usd anomaly: ${text}`);
  });
});
