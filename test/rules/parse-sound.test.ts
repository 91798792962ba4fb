import { describe, expect, it } from 'vitest';
import { problemsOf, ruleOf, ruleText, SOUND, setOf, soundRule } from './rule-text.ts';

describe('every default is filled in', () => {
  it('a rule that says nothing counts per session and only warns', () => {
    expect(ruleOf(soundRule('event_count'))).toMatchObject({
      group: 'g',
      match: { require: [], forbid: [] },
      groupBy: ['session'],
      windowMs: 60_000,
      forMs: 0,
      keepFiringForMs: 0,
      cooldownMs: 300_000,
      severity: 'warning',
      simulate: false,
      actions: [],
      overrides: [],
      exceptions: [],
      labels: {},
      annotations: {},
      source: { file: '0.yaml', line: 4, column: 9 },
    });
  });

  it.each([
    ['duplicate_count', { type: 'duplicate_count', fingerprint: ['tool', 'args'], after: 'ok' }],
    ['loop', { type: 'loop', fingerprint: ['tool', 'args'], distinctOfLast: null }],
    ['session_age', { type: 'session_age', activeWithinMs: 300_000 }],
  ] as const)('%s has defaults of its own', (type, measure) => {
    expect(ruleOf(soundRule(type)).measure).toEqual(measure);
  });

  it('a rule with actions is critical', () => {
    expect(ruleOf(soundRule('loop', 'actions: [terminate_session]')).severity).toBe('critical');
    expect(ruleOf(soundRule('loop', 'actions: []')).severity).toBe('warning');
  });

  it.each([
    ['a session is terminated', 'event_count', '[session]', [{ type: 'terminate_session' }]],
    ['a session’s tool too', 'event_count', '[session, tool]', [{ type: 'terminate_session' }]],
    ['a tenant is flipped', 'event_count', '[tenant]', [{ type: 'flip_tenant', mode: null, ttlMs: 1_800_000 }]],
    ['over cost, to stop_all', 'value_sum', '[tenant]', [{ type: 'flip_tenant', mode: 'stop_all', ttlMs: 1_800_000 }]],
  ] as const)('a critical rule without actions: %s', (_law, type, groupBy, actions) => {
    expect(ruleOf(soundRule(type, 'severity: critical', `group_by: ${groupBy}`)).actions).toEqual(actions);
  });

  it('actions: [] on a critical rule only alerts', () => {
    expect(ruleOf(soundRule('event_count', 'severity: critical', 'actions: []')).actions).toEqual([]);
  });
});

describe('actions', () => {
  it.each([
    ['flip_tenant', { type: 'flip_tenant', mode: null, ttlMs: 1_800_000 }],
    ['flip_tenant:', { type: 'flip_tenant', mode: null, ttlMs: 1_800_000 }],
    ['flip_tenant: {mode: stop_new_runs, ttl: 5m}', { type: 'flip_tenant', mode: 'stop_new_runs', ttlMs: 300_000 }],
    ['disable_tool', { type: 'disable_tool', scope: 'tenant', ttlMs: 1_800_000 }],
    ['disable_tool: {ttl: 2h}', { type: 'disable_tool', scope: 'tenant', ttlMs: 7_200_000 }],
    ['terminate_session: {}', { type: 'terminate_session' }],
  ])('%s', (written, action) => {
    expect(ruleOf(soundRule('event_count', 'group_by: [session, tool]', 'actions:', `  - ${written}`)).actions).toEqual(
      [action],
    );
  });

  it.each(['duplicate_count', 'loop'] as const)('%s knows its sessions and its tool whatever the key', (type) => {
    const window = type === 'loop' ? ['window: 1m'] : [];
    expect(
      problemsOf(soundRule(type, ...window, 'group_by: [tenant]', 'actions: [terminate_session, disable_tool]')),
    ).toEqual([]);
  });
});

describe('one meaning has one form', () => {
  const plain = ruleOf(soundRule('event_count', 'group_by: [session, tool]', 'match: {tool: a, kind: write}'));

  it.each([
    ['the order of keys', 'group_by: [tool, session]', 'match: {kind: write, tool: a}'],
    ['the tenant, which every key has', 'group_by: [tenant, session, tool]', 'match: {tool: a, kind: write}'],
    ['a list of one', 'group_by: [session, tool]', 'match: {tool: [a], kind: [write]}'],
    ['defaults written out', 'group_by: [session, tool]', 'match: {tool: a, kind: write}', 'for: 0s', 'cooldown: 300s'],
    [
      'labels, annotations and comments',
      'group_by: [session, tool]',
      'match: {tool: a, kind: write}',
      'labels: {a: b}',
      'annotations: {c: d}',
    ],
  ])('%s does not change the hash', (_law, ...lines) => {
    const other = ruleOf(soundRule('event_count', ...lines));
    expect(other.hash).toBe(plain.hash);
    expect(other.measureHash).toBe(plain.measureHash);
  });

  it.each([
    ['a threshold', ['condition: {gt: 31}']],
    ['severity', ['severity: info']],
    ['simulate', ['simulate: true']],
    ['cooldown', ['cooldown: 1m']],
    ['an exception', ['exceptions: [{tenant: a}]']],
  ])('%s changes the hash, but not the measure’s: windows survive', (_law, lines) => {
    const base = ruleOf(soundRule('event_count'));
    const written = [
      ...SOUND.event_count.filter((line) => !lines.some((other) => line.split(':')[0] === other.split(':')[0])),
      ...lines,
    ];
    const other = ruleOf(ruleText(written));
    expect(other.hash).not.toBe(base.hash);
    expect(other.measureHash).toBe(base.measureHash);
  });

  it.each([
    ['window', 'event_count', ['window: 2m']],
    ['group_by', 'event_count', ['group_by: [tenant]']],
    ['match', 'event_count', ['match: {tool: a}']],
    ['field', 'session_total', ['field: tokens']],
    ['fingerprint', 'loop', ['fingerprint: [tool]']],
  ] as const)('%s changes both hashes', (_law, type, lines) => {
    const base = ruleOf(soundRule(type));
    const written = [...SOUND[type].filter((line) => line.split(':')[0] !== lines[0].split(':')[0]), ...lines];
    const other = ruleOf(ruleText(written));
    expect(other.hash).not.toBe(base.hash);
    expect(other.measureHash).not.toBe(base.measureHash);
  });

  it('a comment on an exception changes nothing', () => {
    const one = ruleOf(soundRule('loop', 'exceptions: [{tenant: a, comment: x}]'));
    expect(ruleOf(soundRule('loop', 'exceptions: [{tenant: a}]')).hash).toBe(one.hash);
  });

  it('the set’s hash does not depend on files and their order', () => {
    const [a, b] = ['a', 'b'].map((name) =>
      soundRule('loop').replace('alert: A', `alert: ${name}`).replace('name: g', `name: ${name}`),
    );
    expect(setOf(a!, b!).hash).toBe(setOf(b!, a!).hash);
    expect(setOf(a!, b!).hash).not.toBe(setOf(a!).hash);
  });
});

describe('text', () => {
  it('an id that looks like a number stays as it was written', () => {
    expect(ruleOf(soundRule('loop', 'match: {tenant: 0042, agent: [1e3, true]}')).match.require).toEqual([
      { field: 'agent', globs: ['1e3', 'true'] },
      { field: 'tenant', globs: ['0042'] },
    ]);
  });

  it('anchors are followed', () => {
    const text = soundRule('loop', 'match: {tool: &t [a, b], not: {agent: *t}}');
    expect(ruleOf(text).match.forbid).toEqual([{ field: 'agent', globs: ['a', 'b'] }]);
  });

  it('a number for an argument is meant as written and as the number that it is', () => {
    expect(ruleOf(soundRule('loop', 'match: {args.n: 5.0}')).match.require).toEqual([
      { field: 'args.n', globs: ['5.0', '5'] },
    ]);
  });
});

it('groups keep their limits, the set its longest window', () => {
  const set = setOf(`${soundRule('event_count')}\n    limit: {max: 2, per: 1h}`);
  expect(set.groups).toEqual([{ name: 'g', limit: { max: 2, perMs: 3_600_000 } }]);
  expect(set.longestWindowMs).toBe(60_000);
});
