import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KillState } from '../../src/domain/kill-state.ts';
import type { CallKind, ModeText } from '../../src/domain/mode.ts';
import { parseScope, type Scope } from '../../src/domain/scope.ts';
import { denialBy, type Switch, switchesOf, switchOf } from '../../src/killswitch/precedence.ts';
import { STATE_LOST } from '../../src/killswitch/reasons.ts';

function state(mode: string, overrides: Partial<KillState> = {}): KillState {
  return {
    ...{ mode: mode as ModeText, reason: 'why', actor: { kind: 'operator', id: 'anna' }, decision_id: 'd', rule: null },
    ...{ evidence: null, at: 1, expires_at: null, version: 1, in_flight: null, epoch: 'e', fence: null },
    ...{ hold_until: null, ...overrides },
  };
}

function tripped(scope: string, mode: string, overrides: Partial<KillState> = {}): Switch {
  return switchOf(parseScope(scope) as Scope, state(mode, overrides));
}

/** The reason by which an attempt is denied, or null. */
function told(switches: readonly Switch[], kind: CallKind, tool: string | null = null): string | null {
  return denialBy(switches, { kind, tool })?.reason ?? null;
}

describe('what each mode denies (contract 5, column by column)', () => {
  const no = (text: string) => `killed: ${text}`;
  const columns: [mode: string, run: string | null, model: string | null, read: string | null, write: string | null][] =
    [
      ['none', null, null, null, null],
      ['stop_new_runs', no('new_runs_stopped'), null, null, null],
      ['disable_writes', null, null, null, no('writes_disabled:t')],
      ['stop_new_runs,disable_writes', no('new_runs_stopped'), null, null, no('writes_disabled:t')],
      ['stop_all', no('stop_all'), no('stop_all'), no('stop_all'), no('stop_all')],
      ['a mode of the future', no('stop_all'), no('stop_all'), no('stop_all'), no('stop_all')],
    ];
  test.each(columns)('%s', (mode, run, model, read, write) => {
    for (const scope of ['global', 'tenant:acme']) {
      const switches = [tripped(scope, mode)];
      expect(told(switches, 'new_run')).toBe(run);
      expect(told(switches, 'model_call')).toBe(model);
      expect(told(switches, 'read', 't')).toBe(read);
      expect(told(switches, 'write', 't')).toBe(write);
    }
  });

  test('any trip of a session terminates it, with the cause beside it', () => {
    for (const mode of ['stop_all', 'disable_writes', 'stop_new_runs']) {
      const switches = [tripped('session:acme:s', mode, { reason: 'Auto-kill: 31 in 1m, limit 30' })];
      for (const kind of ['model_call', 'read', 'write'] as const) {
        expect(told(switches, kind, 't')).toBe('Session terminated: Auto-kill: 31 in 1m, limit 30');
      }
    }
    expect(told([tripped('session:acme:s', 'none')], 'write', 't')).toBeNull();
  });

  test('a disabled tool is denied for reads and writes, by pattern, and nothing else is', () => {
    const switches = [tripped('tool::doc.*', 'disabled')];
    expect(told(switches, 'read', 'doc.read')).toBe('killed: tool_disabled:doc.read');
    expect(told(switches, 'write', 'doc.write')).toBe('killed: tool_disabled:doc.write');
    expect(told(switches, 'write', 'docs.write')).toBeNull();
    expect(told(switches, 'model_call')).toBeNull();
    expect(told(switches, 'new_run')).toBeNull();
  });
});

describe('which reason is told', () => {
  const cases: [law: string, switches: [string, string][], scope: string, code: string][] = [
    [
      'stop_all before all others, however narrow',
      [
        ['global', 'disable_writes'],
        ['tool::t', 'disabled'],
        ['session:acme:s', 'stop_all'],
      ],
      'session:acme:s',
      'session_terminated',
    ],
    [
      'a disabled tool before disabled writes',
      [
        ['global', 'disable_writes'],
        ['tool:acme:t', 'disabled'],
      ],
      'tool:acme:t',
      'tool_disabled',
    ],
    [
      'of equal ones the widest: global',
      [
        ['session:acme:s', 'stop_all'],
        ['tenant:acme', 'stop_all'],
        ['global', 'stop_all'],
      ],
      'global',
      'stop_all',
    ],
    [
      'of equal ones the widest: tenant',
      [
        ['session:acme:s', 'stop_all'],
        ['tenant:acme', 'stop_all'],
      ],
      'tenant:acme',
      'stop_all',
    ],
    [
      'of disabled tools the one for everybody',
      [
        ['tool:acme:t', 'disabled'],
        ['tool::*', 'disabled'],
      ],
      'tool::*',
      'tool_disabled',
    ],
    [
      'of sessions the first: the outermost ancestor',
      [
        ['session:acme:grandparent', 'stop_all'],
        ['session:acme:s', 'stop_all'],
      ],
      'session:acme:grandparent',
      'session_terminated',
    ],
  ];
  test.each(cases)('%s', (_law, switches, scope, code) => {
    const denial = denialBy(
      switches.map(([text, mode]) => tripped(text, mode)),
      { kind: 'write', tool: 't' },
    );
    expect(denial).toMatchObject({ scope, code });
  });
});

test('a denial by a switch that ends by itself is retryable then; a terminated session never is', () => {
  const at = { expires_at: 5_000 };
  expect(denialBy([tripped('tenant:a', 'stop_all', at)], { kind: 'read', tool: 't' })).toEqual({
    ...{ allowed: false, code: 'stop_all', reason: 'killed: stop_all', scope: 'tenant:a', decisionId: 'd' },
    ...{ retryable: true, expiresAt: 5_000 },
  });
  expect(denialBy([tripped('tenant:a', 'stop_all')], { kind: 'read', tool: 't' })?.retryable).toBe(false);
  expect(denialBy([tripped('session:a:s', 'stop_all', at)], { kind: 'read', tool: 't' })?.retryable).toBe(false);
});

test('a flag set by hand counts beside the index: the stricter of both, until it is adopted', () => {
  const scope: Scope = { kind: 'tenant', tenant: 'acme' };
  const of = (mode: string | null, byHand: ModeText | null) =>
    switchesOf({ scope, state: mode === null ? null : state(mode), byHand, forgotten: false });
  expect(told(of(null, 'disable_writes'), 'write', 't')).toBe('killed: writes_disabled:t');
  expect(told(of('disable_writes', 'stop_all'), 'read', 't')).toBe('killed: stop_all');
  expect(told(of('stop_all', 'none'), 'read', 't')).toBe('killed: stop_all');
  expect(told(of('stop_new_runs', 'disable_writes'), 'new_run')).toBe('killed: new_runs_stopped');
  expect(told(of(null, null), 'write', 't')).toBeNull();
});

test('a state that was lost denies as its flag says, and cancels nothing: it may never have been a stop', () => {
  const lost = switchesOf({
    scope: { kind: 'tenant', tenant: 'acme' },
    state: null,
    byHand: 'stop_all',
    forgotten: true,
  });
  expect(told(lost, 'read', 't')).toBe('killed: stop_all');
  expect(lost.map(({ cancels, reason }) => [cancels, reason])).toEqual([[false, STATE_LOST]]);
});

test('calls in flight are cancelled by stop_all, unless the state says otherwise, and by nothing that is cleared', () => {
  expect(tripped('global', 'stop_all').cancels).toBe(true);
  expect(tripped('global', 'stop_all', { in_flight: 'finish' }).cancels).toBe(false);
  expect(tripped('global', 'disable_writes').cancels).toBe(false);
  expect(tripped('global', 'disable_writes', { in_flight: 'cancel' }).cancels).toBe(true);
  expect(tripped('global', 'none', { in_flight: 'cancel' }).cancels).toBe(false);
});

test('more switches never allow more', () => {
  const scope = fc.constantFrom('global', 'tenant:a', 'session:a:p', 'session:a:s', 'tool::t*', 'tool:a:t');
  const mode = fc.constantFrom('none', 'stop_new_runs', 'disable_writes', 'stop_new_runs,disable_writes', 'stop_all');
  const some = fc.array(fc.tuple(scope, mode).map(([text, each]) => tripped(text, each)));
  const kind = fc.constantFrom<CallKind>('new_run', 'model_call', 'read', 'write');
  fc.assert(
    fc.property(some, some, kind, (first, more, asked) => {
      const attempt = { kind: asked, tool: asked === 'read' || asked === 'write' ? 't1' : null };
      return denialBy(first, attempt) === null || denialBy([...first, ...more], attempt) !== null;
    }),
  );
});
