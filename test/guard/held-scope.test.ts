import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coversMode, type ModeText } from '../../src/domain/mode.ts';
import { HeldScope } from '../../src/guard/held-scope.ts';
import { stateWith } from '../conformance/kill-store/harness.ts';

const scope = { kind: 'tenant', tenant: 'acme' } as const;
const at = (version: number, mode: ModeText) => stateWith({ version, mode });

describe('a held scope', () => {
  test('takes what is stricter from a push at once, and lifts only what was read at that version or a newer one', () => {
    const held = new HeldScope(scope);
    held.take(at(10, 'none'));
    expect(held.hear(at(20, 'stop_all'))).toBe(true);
    expect(held.mode).toBe('stop_all');
    expect(held.hear(at(30, 'none'))).toBe(false);
    held.take(at(10, 'none'));
    held.take(null);
    expect(held.mode).toBe('stop_all');
    held.take(at(30, 'none'));
    expect(held.mode).toBe('none');
  });

  test('obeys an old push until the store was read: then the newer state counts again', () => {
    const held = new HeldScope(scope);
    held.take(at(10, 'none'));
    held.hear(at(5, 'stop_all'));
    expect(held.mode).toBe('stop_all');
    held.take(at(10, 'none'));
    expect(held.mode).toBe('none');
  });

  test('joins what comes side by side', () => {
    const held = new HeldScope(scope);
    held.take(at(10, 'stop_new_runs'));
    held.hear(at(11, 'disable_writes'));
    expect(held.mode).toBe('stop_new_runs,disable_writes');
  });

  test('a store that was rolled back to an older, stricter state is obeyed', () => {
    const held = new HeldScope(scope);
    held.take(at(10, 'none'));
    held.take(at(5, 'stop_all'));
    expect(held.mode).toBe('stop_all');
  });

  test('what was set by hand stands as the next version, so that any adoption of it is newer', () => {
    const held = new HeldScope(scope);
    held.take(at(10, 'none'));
    held.hearByHand('disable_writes', 1);
    expect(held.missingFrom(10)).toMatchObject({ mode: 'disable_writes', version: 11 });
    held.take(at(12, 'disable_writes'));
    expect(held.missingFrom(12)).toBeNull();
    expect(held.switches).toHaveLength(1);
  });

  test('denies what the store has lost until the store has it again, and never gives that back', () => {
    const held = new HeldScope(scope);
    held.take(at(10, 'none'));
    expect(held.lose('stop_all')).toBe(true);
    expect(held.lose('stop_all')).toBe(false);
    expect([held.mode, held.isUnsure, held.switches.length]).toEqual(['stop_all', true, 1]);
    expect([held.missingFrom(0), held.missingFrom(10)]).toEqual([null, null]);
    // Read anew at the version that it had: nobody changed anything.
    held.take(at(10, 'none'));
    held.lose('none');
    expect([held.mode, held.isUnsure]).toEqual(['none', false]);
  });

  test('is missing from a store only where it is tripped here and the store’s state is older', () => {
    const held = new HeldScope(scope);
    held.take(at(10, 'stop_all'));
    expect(held.missingFrom(0)).toMatchObject({ version: 10 });
    expect(held.missingFrom(10)).toBeNull();
    held.take(at(11, 'none'));
    expect(held.missingFrom(0)).toBeNull();
  });

  test('no push, no absence and no read that is older than everything known makes it less strict', () => {
    const mode = fc.constantFrom<ModeText>('none', 'stop_new_runs', 'disable_writes', 'stop_all');
    const how = fc.constantFrom('read', 'pushed', 'absent');
    const news = fc.record({ how, version: fc.integer({ min: 1, max: 9 }), mode });
    fc.assert(
      fc.property(fc.array(news, { maxLength: 12 }), (all) => {
        const held = new HeldScope(scope);
        let oldest = Number.POSITIVE_INFINITY;
        for (const each of all) {
          const before = held.mode;
          if (each.how === 'read') held.take(at(each.version, each.mode));
          else if (each.how === 'pushed') held.hear(at(each.version, each.mode));
          else held.take(null);
          if (each.how !== 'read' || each.version < oldest) expect(coversMode(held.mode, before)).toBe(true);
          if (each.how !== 'absent') oldest = Math.min(oldest, each.version);
        }
      }),
    );
  });
});
