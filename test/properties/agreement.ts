import { expect } from 'vitest';
import type { PlainAlert, Telling } from '../oracle/plain.ts';

/**
 * Fails where the engine's alerts are not the oracle's. At one instant the order of different keys is open; so is which
 * of several most repeated operations is told, and the order of sessions with equally many calls.
 */
export function expectAgreement(engine: readonly PlainAlert[], oracle: readonly PlainAlert[], when: string): void {
  const expected = inOrder(oracle);
  const actual = inOrder(engine).map((alert, index) => withOracleTelling(alert, expected[index]));
  expect(actual.map(firstTelling), when).toEqual(expected.map(firstTelling));
}

function inOrder(alerts: readonly PlainAlert[]): PlainAlert[] {
  const name = ({ rule, key }: PlainAlert) => `${rule}\n${key}`;
  return alerts.toSorted((a, b) => a.at - b.at || (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0));
}

/** The engine's alert with its telling moved to where the oracle has the same one. */
function withOracleTelling(alert: PlainAlert, oracle: PlainAlert | undefined): PlainAlert {
  if (alert.state !== 'firing' || oracle?.state !== 'firing') return alert;
  const [told] = alert.tellings;
  return oracle.tellings.some((telling) => isSameTelling(told!, telling))
    ? { ...alert, tellings: oracle.tellings }
    : alert;
}

function firstTelling(alert: PlainAlert): object {
  return alert.state === 'firing' ? { ...alert, tellings: alert.tellings.slice(0, 1) } : alert;
}

function isSameTelling(told: Telling, telling: Telling): boolean {
  if (JSON.stringify(told.evidence) !== JSON.stringify(telling.evidence)) return false;
  if (told.evidenceAppendedAt !== telling.evidenceAppendedAt || told.tool !== telling.tool) return false;
  return isSameOrder(told.sessions, telling.sessions);
}

/** The same sessions, and none before one that made more calls. */
function isSameOrder(told: Telling['sessions'], counted: Telling['sessions']): boolean {
  const calls = new Map(counted.map(({ tenant, session, calls: count }) => [`${tenant}\n${session}`, count]));
  const counts = told.map(({ tenant, session }) => calls.get(`${tenant}\n${session}`) ?? Number.NaN);
  if (new Set(told.map(({ tenant, session }) => `${tenant}\n${session}`)).size !== told.length) return false;
  if (told.length !== Math.min(counted.length, 100)) return false;
  return counts.every((count, index) => index === 0 || count <= counts[index - 1]!);
}
