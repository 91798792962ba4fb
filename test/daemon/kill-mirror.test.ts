import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Fence, KillMirror } from '../../src/daemon/kill-mirror.ts';
import type { Scope } from '../../src/domain/scope.ts';
import { World } from './rig.ts';

let world: World;
let mirror: KillMirror;
beforeEach(async () => {
  world = new World();
  await world.store.initialise([], { kind: 'sentinel', id: 'test' });
  mirror = new KillMirror(world.store);
  await mirror.refresh();
});
afterEach(() => world.dispose());

let decisions = 0;
const OPERATOR = { kind: 'operator', id: 'ann' } as const;
const S1: Scope = { kind: 'session', tenant: 'acme', session: 's1' };

async function trip(scope: Scope, mode: 'stop_all' | 'disable_writes' | null = 'stop_all'): Promise<void> {
  await world.store.trip({
    ...{ scope, mode, reason: 'test', actor: OPERATOR, decisionId: `d${++decisions}`, rule: null, evidence: null },
    ...{ ttlMs: null, inFlight: null },
    audit: { severity: 'info', action: 'x', rule: null, evidence: null, timing: null },
  });
}

async function clear(scope: Scope): Promise<void> {
  await world.store.clear({ scope, reason: 'ok', actor: OPERATOR, decisionId: `d${++decisions}`, holdMs: null });
}

describe('what stands in the way of a call', () => {
  test('is the widest scope that denies that kind of call', async () => {
    await trip(S1);
    await trip({ kind: 'tenant', tenant: 'acme' }, 'disable_writes');
    await mirror.refresh();
    expect(mirror.denying('acme', 's1', 'db.write', 'write')?.scope.kind).toBe('tenant');
    expect(mirror.denying('acme', 's1', 'db.read', 'read')?.scope.kind).toBe('session');
    expect(mirror.denying('acme', 's2', 'db.read', 'read')).toBeNull();
    expect(mirror.denying('bolt', 's1', 'db.write', 'write')).toBeNull();
    expect([mirror.stops('acme', 's9'), mirror.stops('bolt', 's1')]).toEqual([true, false]);
  });

  test('is a disabled tool, by pattern, of its tenant or of all', async () => {
    await trip({ kind: 'tool', tenant: null, pattern: 'email.*' }, null);
    await trip({ kind: 'tool', tenant: 'acme', pattern: 'db.write' }, null);
    await mirror.refresh();
    expect(mirror.denying('bolt', 's', 'email.send', 'write')?.scope).toMatchObject({ pattern: 'email.*' });
    expect(mirror.denying('acme', 's', 'db.write', 'write')).not.toBeNull();
    expect(mirror.denying('bolt', 's', 'db.write', 'write')).toBeNull();
    await clear({ kind: 'tool', tenant: null, pattern: 'email.*' });
    await mirror.refresh();
    expect(mirror.denying('bolt', 's', 'email.send', 'write')).toBeNull();
  });
});

describe('following the store', () => {
  test('fences are told once each, when they are learned', async () => {
    const heard: Fence[] = [];
    mirror.onFence((fence) => void heard.push(fence));
    await trip(S1);
    world.now += 5;
    await clear(S1);
    await mirror.refresh();
    await mirror.refresh();
    await mirror.reload();
    expect(heard).toEqual([{ scope: S1, at: world.now }]);
    mirror.forgetFences(world.now + 1);
    expect(mirror.fences()).toEqual([]);
  });

  test('a wiped store is another one: it is noticed, and what is known stays until all of the new is read', async () => {
    await trip(S1);
    await mirror.refresh();
    await world.forgetKills();
    expect(await mirror.refresh()).toBe(false);
    world.down.add('store');
    await expect(mirror.reload()).rejects.toThrow('away');
    expect(mirror.stateOf(S1)?.mode).toBe('stop_all');
    world.down.delete('store');
    await mirror.reload();
    expect(mirror.quiet).toBe(true);
  });
});
