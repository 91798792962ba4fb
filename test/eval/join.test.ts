import { describe, expect, it } from 'vitest';
import { readRecords } from '../../eval/backtest.ts';
import { outcomesOf } from '../../eval/outcome.ts';
import { reportOf, reportText } from '../../eval/report.ts';
import type { Session } from '../../eval/source.ts';
import { session, terminated } from './logs.ts';

function reported(name: string, sessions: readonly Session[], records: Parameters<typeof readRecords>[0]) {
  const verdict = { ...readRecords(records), notes: '' };
  const outcomes = outcomesOf({ name, eventsFile: '', sessions }, verdict);
  return reportOf([{ name, outcomes, wider: verdict.wider }]);
}

const CLEAN = Array.from({ length: 99 }, (_, i) => session(`c${i}`, 'clean', 'a b c'));
const LOOPING = session('looping', 'pathology', 'a b b b b b b b');

describe('joining labels and audit records', () => {
  it('counts the deciding call as made and what follows as prevented, by the first kill alone', () => {
    const { tallies } = reported('x', [LOOPING], [terminated('looping', 5), terminated('looping', 6, 'Later')]);
    expect(tallies).toMatchObject([{ sessions: 1, killed: 1, repeating: 1, caught: 1, made: 6, prevented: 2 }]);
  });

  it('names the rule and the reason of a killed clean session, and of no other', () => {
    const attacked = session('attacked', 'attacked', 'a a');
    const { killedClean } = reported('x', [...CLEAN, attacked], [terminated('c7', 1), terminated('attacked', 1)]);
    expect(killedClean).toEqual([
      { source: 'x', sessionId: 'c7', rule: 'Loop', reason: 'because of Loop', made: 2, prevented: 1 },
    ]);
  });

  it('leaves out sessions whose ids no event may have, and says how many', () => {
    const { tallies } = reported('x', [...CLEAN, session('é'.repeat(129), 'clean', 'a')], []);
    expect(tallies).toMatchObject([{ sessions: 99, rejected: 1 }]);
  });

  it('refuses a kill of a session without a label, or at a call that is not its own', () => {
    expect(() => reported('x', [LOOPING], [terminated('stranger', 0)])).toThrow(/no label/);
    expect(() => reported('x', [LOOPING], [terminated('looping', 8)])).toThrow(/none of its own/);
  });

  it('tells what would have stopped more than one session', () => {
    const flip = { ...terminated('c1', 1, 'Burn'), type: 'switch.tripped', session_id: null };
    expect(reported('x', CLEAN, [flip]).wider).toEqual(['x: t Burn: because of Burn']);
  });
});

describe('goals', () => {
  const hundred = [...CLEAN, session('c99', 'clean', 'a')];

  it('one clean session in a hundred may be killed, two may not', () => {
    expect(reported('x', hundred, [terminated('c1', 1)]).missed).toEqual([]);
    expect(reported('x', hundred, [terminated('c1', 1), terminated('c2', 1)]).missed).toEqual([
      'x: 2 of 100 clean sessions were killed, at most 1 may be.',
    ]);
  });

  it.each(['moatless', 'taubench'])('none of %s may be killed', (source) => {
    expect(reported(source, hundred, [terminated('c1', 1)]).missed).toHaveLength(1);
  });

  it('every labelled session in which repetition shows is to be caught; others need not be', () => {
    const stuck = session('stuck', 'pathology', 'a b c d e f g');
    expect(reported('x', [LOOPING, stuck], [terminated('looping', 5)]).missed).toEqual([]);
    expect(reported('x', [LOOPING, stuck], []).missed).toEqual([
      'x: of 1 sessions of is pathology in which repetition shows, only 0 were caught.',
    ]);
  });

  it('the text says which are missed, or that none is', () => {
    expect(reportText(reported('x', [LOOPING], []))).toMatch(/only 0 were caught\.\n$/);
    expect(reportText(reported('x', CLEAN, []))).toMatch(/killed: none\n[\s\S]*All goals are reached\.\n$/);
  });
});
