import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SYMBOL_CAPS, type SymbolCaps, SymbolTables } from '../../../src/domain/event/symbol-tables.ts';
import { OVERFLOW } from '../../../src/domain/event/symbols.ts';

const KEY = [7, 9];

function tables(caps: Partial<SymbolCaps> = {}): SymbolTables {
  return new SymbolTables(KEY, { ...DEFAULT_SYMBOL_CAPS, ...caps });
}

type Step = readonly [kind: 'open' | 'release' | 'tool', tenant: string, text: string];
const name = fc.constantFrom('a', 'b', 'é', '😀', 'a-much-longer-name', 'x');
const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom('open', 'open', 'release', 'tool'),
  name,
  fc.string({ minLength: 1, maxLength: 2 }),
);

function run(symbols: SymbolTables, steps: readonly Step[]): number[] {
  return steps.map(([kind, tenant, text]) => {
    if (kind === 'release') {
      symbols.sessions.release(symbols.sessions.find(tenant, text));
      return 0;
    }
    const id = symbols.internTenant(tenant);
    return kind === 'tool' ? symbols.internTool(id, text) : symbols.internSession(id, text);
  });
}

describe('SymbolTables', () => {
  it('gives every open session one id of its own, and its texts back', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const symbols = tables();
        const open = new Set<string>();
        for (const one of steps) {
          const [kind, tenant, text] = one;
          run(symbols, [one]);
          if (kind === 'open') open.add(JSON.stringify([tenant, text]));
          if (kind === 'release') open.delete(JSON.stringify([tenant, text]));
        }
        const ids = [...open].map((pair) => {
          const [tenant, text] = JSON.parse(pair) as [string, string];
          const id = symbols.sessions.find(tenant, text);
          expect([symbols.tenants.text(symbols.sessions.tenant(id)), symbols.sessions.text(id)]).toEqual([
            tenant,
            text,
          ]);
          return id;
        });
        expect(new Set(ids).size).toBe(open.size);
        expect(symbols.sessions.size).toBe(open.size);
        expect(Math.max(OVERFLOW, ...ids)).toBeLessThan(symbols.sessions.bound);
      }),
    );
  });

  it('goes on after snapshot and restore as if nothing had happened', () => {
    const caps = { tools: { total: 20, perTenant: 4 }, sessions: { total: 50, perTenant: 6 } };
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.array(step, { maxLength: 200 }), (before, after) => {
        const symbols = tables(caps);
        run(symbols, before);
        const restored = SymbolTables.restore(structuredClone(symbols.snapshot()), { ...DEFAULT_SYMBOL_CAPS, ...caps });
        expect(run(restored, after)).toEqual(run(symbols, after));
        expect(restored.snapshot()).toEqual(symbols.snapshot());
      }),
    );
  });

  it('gives a released id to the next session, and its own id to no one twice', () => {
    const symbols = tables();
    const acme = symbols.internTenant('acme');
    const first = symbols.internSession(acme, 's1');
    symbols.sessions.release(first);
    symbols.sessions.release(first);
    expect(symbols.sessions.find('acme', 's1')).toBe(0);
    expect(symbols.internSession(acme, 's2')).toBe(first);
    expect(symbols.internSession(acme, 's3')).not.toBe(first);
  });

  it('keeps the same session id of two tenants apart', () => {
    const symbols = tables();
    const ids = ['acme', 'globex'].map((tenant) => symbols.internSession(symbols.internTenant(tenant), 's1'));
    expect(new Set(ids).size).toBe(2);
  });

  it('never lets one tenant use up what another may bring', () => {
    const symbols = tables({ tools: { total: 100, perTenant: 2 }, sessions: { total: 100, perTenant: 2 } });
    const [acme, globex] = [symbols.internTenant('acme'), symbols.internTenant('globex')];
    const flood = ['a', 'b', 'c', 'd'];
    expect(flood.map((tool) => symbols.internTool(acme, tool) === OVERFLOW)).toEqual([false, false, true, true]);
    expect(flood.map((session) => symbols.internSession(acme, session) === OVERFLOW)).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect(symbols.overflowed).toBe(4);
    expect(symbols.internTool(globex, 'c')).toBeGreaterThan(OVERFLOW);
    expect(symbols.internSession(globex, 'c')).toBeGreaterThan(OVERFLOW);
  });

  it('lets a tenant at its cap use what is known, and open a session for one that ended', () => {
    const symbols = tables({ tools: { total: 9, perTenant: 1 }, sessions: { total: 9, perTenant: 1 } });
    const [acme, globex] = [symbols.internTenant('acme'), symbols.internTenant('globex')];
    const mail = symbols.internTool(globex, 'mail');
    symbols.internTool(acme, 'own');
    expect(symbols.internTool(acme, 'mail')).toBe(mail);
    const first = symbols.internSession(acme, 's1');
    expect(symbols.internSession(acme, 's2')).toBe(OVERFLOW);
    symbols.sessions.release(first);
    expect(symbols.internSession(acme, 's2')).toBe(first);
  });

  it('gives tenants past the cap no sessions and no new names: they would share them', () => {
    const symbols = tables({ tenants: 1 });
    symbols.internTenant('acme');
    const other = symbols.internTenant('globex');
    expect(other).toBe(OVERFLOW);
    expect(symbols.internSession(other, 's1')).toBe(OVERFLOW);
    expect(symbols.internTool(other, 'mail')).toBe(OVERFLOW);
  });

  it('finds a hundred thousand names again', () => {
    const symbols = tables();
    const acme = symbols.internTenant('acme');
    const ids = Array.from({ length: 100_000 }, (_, i) => symbols.internSession(acme, `session-${i}`));
    expect(new Set(ids).size).toBe(100_000);
    expect(symbols.sessions.find('acme', 'session-77777')).toBe(ids[77_777]);
  });
});
