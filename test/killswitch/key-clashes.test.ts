import { describe, expect, test } from 'vitest';
import { keyClashes } from '../../src/killswitch/key-clashes.ts';
import { DEFAULT_NAMES } from '../../src/killswitch/keys.ts';

const { key_prefix: _, ...NAMES } = DEFAULT_NAMES;
const clashes = (changed: Partial<typeof NAMES>) => keyClashes({ ...NAMES, ...changed });

describe('names of flags', () => {
  test('of the contract meet nothing, and nor do names of somebody else', () => {
    expect(clashes({})).toEqual([]);
    const others = { global_flag: 'stop', per_tenant_flag_prefix: 'stop:t:', per_session_flag_prefix: 'stop:s:' };
    expect(clashes({ ...others, disabled_tools_key: 'stop:tools' })).toEqual([]);
  });

  test.each([
    [{ global_flag: 'agent_kill_index' }, 'global_flag', 'agent_kill_index'],
    [{ global_flag: 'agent_shadow_index' }, 'global_flag', 'agent_shadow_'],
    [{ per_tenant_flag_prefix: 'agent_kill_' }, 'per_tenant_flag_prefix', 'agent_kill_index'],
    [{ per_session_flag_prefix: 'agent_session:' }, 'per_session_flag_prefix', 'agent_session:'],
    [{ disabled_tools_key: 'agent_kill_tools' }, 'disabled_tools_key', 'agent_kill_tools'],
    [{ disabled_tools_key: 'agent_guards:x' }, 'disabled_tools_key', 'agent_guards:'],
  ] as const)('must not meet a key of our own: %j', (changed, name, key) => {
    expect(clashes(changed)).toEqual([{ name, meets: { key } }]);
  });

  test.each([
    [{ per_tenant_flag_prefix: 'agent_kill_global' }, 'per_tenant_flag_prefix', 'global_flag'],
    [{ global_flag: 'agent_kill_tenant:acme' }, 'global_flag', 'per_tenant_flag_prefix'],
    [{ per_session_flag_prefix: 'agent_kill_tenant:' }, 'per_session_flag_prefix', 'per_tenant_flag_prefix'],
    [{ disabled_tools_key: 'agent_kill_tenant' }, 'disabled_tools_key', 'per_tenant_flag_prefix'],
    [{ disabled_tools_key: 'agent_kill_global' }, 'disabled_tools_key', 'global_flag'],
  ] as const)('must not meet each other, told of the one that somebody chose: %j', (changed, name, other) => {
    expect(clashes(changed)).toContainEqual({ name, meets: { name: other } });
  });

  test('of tenants and sessions may begin alike: the longer one is meant', () => {
    expect(clashes({ per_tenant_flag_prefix: 'k:', per_session_flag_prefix: 'k:s:' })).toEqual([]);
  });
});
