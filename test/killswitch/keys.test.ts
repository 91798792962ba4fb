import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Scope } from '../../src/domain/scope.ts';
import { DEFAULT_NAMES, flagKey, killKeys, scopeOfFlag, tenantOfToolSet } from '../../src/killswitch/keys.ts';

const keys = killKeys();
const id = fc.oneof(fc.string({ minLength: 1, unit: 'grapheme' }), fc.constantFrom('a:b', '100%', '%3A', '*', 'ä:%25'));

describe('key names', () => {
  test('flags are named as the contract says', () => {
    expect(flagKey(keys, { kind: 'global' })).toBe('agent_kill_global');
    expect(flagKey(keys, { kind: 'tenant', tenant: 'a:b' })).toBe('agent_kill_tenant:a:b');
    expect(flagKey(keys, { kind: 'session', tenant: 'a:b%', session: 's:1%' })).toBe(
      'agent_kill_session:a%3Ab%25:s:1%',
    );
    expect(flagKey(keys, { kind: 'tool', tenant: null, pattern: 'x' })).toBe('agent_disabled_tools');
    expect(flagKey(keys, { kind: 'tool', tenant: 'a:b', pattern: 'x' })).toBe('agent_disabled_tools:a:b');
  });

  test('the scope of a flag key is the scope that it was made from, whatever the ids', () => {
    const scope: fc.Arbitrary<Scope> = fc.oneof(
      fc.record({ kind: fc.constant('tenant' as const), tenant: id }),
      fc.record({ kind: fc.constant('session' as const), tenant: id, session: id }),
    );
    fc.assert(
      fc.property(scope, (given) => {
        expect(scopeOfFlag(keys, flagKey(keys, given))).toEqual(given);
      }),
    );
  });

  test('the tenant of a tool set is the one that it was made for', () => {
    fc.assert(
      fc.property(fc.option(id), (tenant) => {
        expect(tenantOfToolSet(keys, flagKey(keys, { kind: 'tool', tenant, pattern: 'x' }))).toBe(tenant);
      }),
    );
  });

  test('a key that names no scope is none', () => {
    for (const key of ['agent_kill_tenant:', 'agent_kill_session:', 'agent_kill_session:a', 'agent_kill_session::s']) {
      expect(scopeOfFlag(keys, key)).toBeNull();
    }
    expect(tenantOfToolSet(keys, 'agent_disabled_tools:')).toBeUndefined();
  });

  test('names are configurable, prefixes that begin alike are told apart, and key_prefix stands before everything', () => {
    const own = killKeys({
      ...DEFAULT_NAMES,
      key_prefix: '{p}',
      per_tenant_flag_prefix: 'k:',
      per_session_flag_prefix: 'k:s:',
    });
    expect(Object.values(own).every((key) => key.startsWith('{p}'))).toBe(true);
    expect(scopeOfFlag(own, '{p}k:s:t:1')).toEqual({ kind: 'session', tenant: 't', session: '1' });
    expect(scopeOfFlag(own, '{p}k:t')).toEqual({ kind: 'tenant', tenant: 't' });
  });
});
