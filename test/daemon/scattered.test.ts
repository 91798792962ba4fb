import { describe, expect, test } from 'vitest';
import { scattered } from '../../src/daemon/scattered.ts';
import { SymbolTables } from '../../src/domain/event/symbol-tables.ts';

/** A partition that has seen these sessions, as `tenant/session`. */
function place(partition: number, ...sessions: readonly string[]) {
  const symbols = new SymbolTables([partition + 1, 7]);
  for (const text of sessions) {
    const [tenant, session] = text.split('/') as [string, string];
    symbols.internSession(symbols.internTenant(tenant), session);
  }
  return { partition, symbols };
}

describe('producers that do not key by what they are said to', () => {
  test('are found by a tenant, or a session, in two partitions', () => {
    const places = [place(0, 'acme/s1'), place(1, 'bolt/s1'), place(2, 'acme/s2')];
    expect(scattered(places, 'tenant')).toMatch(/tenant acme comes in partitions 0 and 2/);
    expect(scattered(places, 'session')).toBeNull();
    const again = [...places, place(3, 'bolt/s1')];
    expect(scattered(again, 'session')).toMatch(/session s1 of tenant bolt comes in partitions 1 and 3/);
  });

  test('and those that do are not accused', () => {
    expect(scattered([place(0, 'acme/s1', 'acme/s2'), place(1, 'bolt/s1')], 'tenant')).toBeNull();
    expect(scattered([], 'tenant')).toBeNull();
  });
});
