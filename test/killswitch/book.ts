import type { LimitBook } from '../../src/killswitch/limits.ts';

/** A book of limits with these times spent, these names held, and so many active sessions. */
export function bookOf(
  spent: Readonly<Record<string, readonly number[]>> = {},
  held: readonly string[] = [],
  active = 0,
): LimitBook {
  return {
    spent: (account) => spent[account] ?? [],
    holds: (name) => held.includes(name),
    activeSessions: () => active,
  };
}
