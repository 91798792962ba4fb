import { expect } from 'vitest';
import type { PlainAlert, Telling } from '../oracle/plain.ts';

/**
 * Fails where the engine's alerts are not the oracle's. The oracle does not know the order of keys at one instant, and
 * the order of sessions with equally many calls is open.
 */
export function expectAgreement(engine: readonly PlainAlert[], oracle: readonly PlainAlert[], when: string): void {
  const expected = inOrder(oracle);
  const actual = inOrder(engine).map((alert, index) => countedLike(alert, expected[index]));
  expect(actual, when).toEqual(expected);
}

function inOrder(alerts: readonly PlainAlert[]): PlainAlert[] {
  const name = ({ rule, key }: PlainAlert) => `${rule}\n${key}`;
  return alerts.toSorted((a, b) => a.at - b.at || (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0));
}

/** The engine does not say how many calls a session made: where it names the oracle's sessions in a right order, it has the oracle's counts. */
function countedLike(alert: PlainAlert, oracle: PlainAlert | undefined): PlainAlert {
  if (alert.state !== 'firing' || oracle?.state !== 'firing') return alert;
  const { sessions } = oracle.telling;
  return areInOrder(alert.telling.sessions, sessions) ? { ...alert, telling: { ...alert.telling, sessions } } : alert;
}

/** The same sessions, each once, and none before one that made more calls. */
function areInOrder(told: Telling['sessions'], counted: Telling['sessions']): boolean {
  const name = ({ tenant, session }: { readonly tenant: string; readonly session: string }) => `${tenant}\n${session}`;
  const calls = new Map(counted.map((session) => [name(session), session.calls]));
  if (new Set(told.map(name)).size !== calls.size || told.length !== calls.size) return false;
  const counts = told.map((session) => calls.get(name(session)) ?? Number.NaN);
  return counts.every((count, index) => !Number.isNaN(count) && (index === 0 || count <= counts[index - 1]!));
}
