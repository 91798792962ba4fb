import { describe, expect, it } from 'vitest';
import type { Account } from '../../crash/account.ts';
import { brokenLaws, LAWS } from '../../crash/laws.ts';
import { planOf } from '../../crash/plan.ts';
import type { AuditRecord } from '../../src/domain/audit-record.ts';
import { lawfulAccount } from './lawful.ts';

const plan = planOf({ events: 5_000, incidents: 40, kills: 4, restores: 3, second: true, seed: 1 });
const lawful = lawfulAccount(plan);

const stop = lawful.records.find(({ type }) => type === 'session.terminated')!;
const alert = lawful.records.find(({ type }) => type === 'alert.firing')!;
const [silent, , again] = plan.restores;
const stoppedAgain = lawful.records.findLast(({ session_id, type }) => {
  return type === 'session.terminated' && again!.scope.endsWith(`:${session_id}`);
})!;

type Wrong = readonly [string, RegExp, Partial<Account>];

const others = (record: AuditRecord) => lawful.records.filter((one) => one !== record);
const withStates = (change: (scope: string, account: Account['states'][number]['state']) => object) =>
  lawful.states.map(({ scope, state }) => ({ scope, state: { ...state, ...change(scope, state) } }));

const WRONGS: readonly Wrong[] = [
  [
    'an incident that is not decided',
    /^every incident is decided once.* was stopped 0 times/,
    { records: others(stop) },
  ],
  [
    'an incident that is decided twice',
    /^every incident is decided once.* was stopped 2 times/,
    { records: [...lawful.records, { ...stop, id: 'another', decision_id: 'another' }] },
  ],
  [
    'a session that did nothing wrong',
    /session:t1:s-7 was stopped 1 times .*, expected 0/,
    { records: [...lawful.records, { ...stop, id: 'another', tenant_id: 't1', session_id: 's-7' }] },
  ],
  [
    'a decision by another call',
    /was stopped by \w+ at e-1 with/,
    {
      records: [
        ...others(stop),
        { ...stop, evidence: { ...stop.evidence!, events: [{ topic: '', partition: 0, offset: 1, event_id: 'e-1' }] } },
      ],
    },
  ],
  ['evidence that stands elsewhere', /stands at no place, the evidence says/, { places: new Map() }],
  [
    'a session that is stopped again for what it did before its restore',
    /was stopped again by decision .*: its evidence is of 5, its restore of/,
    { records: [...others(stoppedAgain), { ...stoppedAgain, timing: { ...stoppedAgain.timing!, appended_at: 5 } }] },
  ],
  [
    'a session that stays stopped though it was restored',
    /^the kill state is what the plan says: .* stands at stop_all, expected none/,
    { states: withStates((scope) => (scope === silent!.scope ? { mode: 'stop_all' } : {})) },
  ],
  [
    'an incident that is not told',
    /^every incident is told as an alert, once: .* has 0 alerts/,
    { records: others(alert) },
  ],
  [
    'a topic of states that lags behind',
    /^the topic of states says the same/,
    { published: lawful.published.slice(1) },
  ],
  [
    'a change without its record',
    /^no change without its record.* has no record/,
    { states: withStates((_, { version }) => ({ version: version === stop.state!.version ? 7_777 : version })) },
  ],
  [
    'two versions of a record',
    /^audit records of one id are identical/,
    { records: [...lawful.records, { ...stop, reason: 'another' }] },
  ],
  [
    'a record that is missing',
    /^the chains of all writers are whole: record \d+ of writer writer is missing/,
    { records: others(stop) },
  ],
  ['events that are rejected', /^nothing is rejected.*: 3 events were dead-lettered/, { deadLetters: 3 }],
  ['a failure on the way', /^nothing is rejected.*: it hurts/, { complaints: ['it hurts'] }],
];

describe('the laws of a crash', () => {
  it('hold for a run in which nothing goes wrong', () => {
    expect(brokenLaws(lawful)).toEqual([]);
  });

  it('hold where a record was written twice in two chains', () => {
    const chain = { writer: 'another', seq: 1, prev: null, hash: '' };
    const chains = LAWS.findIndex(({ name }) => name.startsWith('the chains'));
    const twice = { ...lawful, records: [...lawful.records, { ...alert, chain }] };
    expect(LAWS.map(({ broken }, n) => (n === chains ? 0 : broken(twice).length))).toEqual(LAWS.map(() => 0));
  });

  it.each(WRONGS)('show %s', (_, sentence, wrong) => {
    const broken = brokenLaws({ ...lawful, ...wrong });
    expect(broken.filter((one) => sentence.test(one)).length, broken.join('\n')).toBeGreaterThan(0);
  });

  it('are each broken by something', () => {
    const broken = WRONGS.flatMap(([, , wrong]) => brokenLaws({ ...lawful, ...wrong }));
    for (const { name } of LAWS)
      expect(
        broken.some((sentence) => sentence.startsWith(name)),
        name,
      ).toBe(true);
  });
});
