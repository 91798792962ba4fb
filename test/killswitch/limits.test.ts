import { describe, expect, test } from 'vitest';
import type { LimitSpend } from '../../src/domain/limit-spend.ts';
import { judgeLimits, liveTimes } from '../../src/killswitch/limits.ts';
import { bookOf } from './book.ts';

const NOW = 1_000_000;
const kills: LimitSpend = { name: 'session_kills:acme', max: 2, perMs: 60_000, concerns: 'tenant' };
const flips: LimitSpend = { name: 'tenant_flips', max: 1, perMs: 600_000, concerns: 'all' };
const share = (freePerTenant: number): LimitSpend => ({
  ...{ name: 'share', max: 0, perMs: 600_000, concerns: 'all', freePerTenant, share: { of: 0.1, atLeast: 1 } },
});

const judge = (limits: readonly LimitSpend[], book = bookOf(), tenant: string | null = 'acme') =>
  judgeLimits(limits, tenant, NOW, book);

describe('times that count', () => {
  test('are newer than the time and not from the future', () => {
    expect(liveTimes([NOW - 60_001, NOW - 60_000, NOW - 59_999, NOW, NOW + 1], 60_000, NOW)).toEqual([
      NOW - 59_999,
      NOW,
    ]);
  });
});

describe('limits', () => {
  test('are open below their bound, and tell where to enter the trip', () => {
    expect(judge([kills, flips], bookOf({ 'session_kills:acme': [NOW] }))).toEqual({
      kind: 'open',
      accounts: [
        { name: 'session_kills:acme', perMs: 60_000 },
        { name: 'tenant_flips', perMs: 600_000 },
      ],
    });
    expect(judge([])).toEqual({ kind: 'open', accounts: [] });
  });

  test('of one tenant are spent before those of all, and what holds comes before both', () => {
    const spent = { 'session_kills:acme': [NOW, NOW], tenant_flips: [NOW] };
    expect(judge([flips, kills], bookOf(spent))).toEqual({
      kind: 'tenant_spent',
      detail: 'session_kills:acme: 2 per 1m are spent',
    });
    expect(judge([flips, kills], bookOf(spent, ['tenant_flips'])).kind).toBe('held');
    expect(judge([flips], bookOf(spent))).toEqual({
      ...{ kind: 'all_spent', name: 'tenant_flips', detail: 'tenant_flips: 1 per 10m are spent; held until re-armed' },
    });
  });
});

describe('the share', () => {
  test.each([
    { active: 0, spent: 0, kind: 'open' },
    { active: 0, spent: 1, kind: 'all_spent' },
    { active: 29, spent: 1, kind: 'open' },
    { active: 29, spent: 2, kind: 'all_spent' },
    { active: 30, spent: 2, kind: 'open' },
  ])('of $active active sessions with $spent spent is $kind', ({ active, spent, kind }) => {
    const times = Array.from({ length: spent }, () => NOW);
    expect(judge([share(0)], bookOf({ share: times }, [], active)).kind).toBe(kind);
  });

  test('lets a tenant’s first ones pass, counted apart, even while it holds', () => {
    const book = bookOf({ share: [NOW], 'share:acme': [NOW] }, ['share']);
    expect(judge([share(2)], book)).toEqual({ kind: 'open', accounts: [{ name: 'share:acme', perMs: 600_000 }] });
    expect(judge([share(1)], book).kind).toBe('held');
    expect(judge([share(2)], book, null).kind).toBe('held');
  });
});
