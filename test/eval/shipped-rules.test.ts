import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import { backtest } from '../../eval/backtest.ts';
import { type Outcome, outcomesOf } from '../../eval/outcome.ts';
import { readSources, type Session } from '../../eval/source.ts';

const FIXTURES = fileURLToPath(new URL('fixtures', import.meta.url));
const RULES = fileURLToPath(new URL('../../rules', import.meta.url));

let outcomes: Outcome[];
beforeAll(async () => {
  outcomes = [];
  for (const source of readSources(FIXTURES)) {
    outcomes.push(...outcomesOf(source, await backtest(RULES, source.eventsFile)));
  }
});

const ofKind = (kind: Session['group']['kind']) => outcomes.filter(({ session }) => session.group.kind === kind);

it('the excerpt has sessions to be quiet on and sessions to catch, of every source', () => {
  expect(ofKind('clean')).toHaveLength(24);
  expect(ofKind('pathology').filter(({ repeats }) => repeats)).toHaveLength(11);
});

it('shipped rules let ordinary sessions alone, also those that made a call four times', () => {
  expect(ofKind('clean').filter(({ kill }) => kill !== null)).toEqual([]);
});

it('shipped rules stop every labelled session that repeats itself, before its benchmark did', () => {
  const late = ofKind('pathology').filter(({ kill }) => kill === null || kill.prevented === 0);
  expect(late.map(({ session, kill }) => [session.sessionId, kill])).toEqual([]);
});
