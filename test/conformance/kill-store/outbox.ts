import { describe, expect, test } from 'vitest';
import type { ChainLink } from '../../../src/domain/audit-record.ts';
import type { ChangeNote } from '../../../src/ports/kill-store.ts';
import {
  AUDIT,
  applied,
  byOperator,
  byRuleNow,
  clearing,
  GLOBAL,
  type Harness,
  HOUR,
  MINUTE,
  notes,
  SENTINEL,
  session,
  tenant,
  tool,
  verdictOf,
} from './harness.ts';
import type { Fixture } from './laws.ts';

const link = (seq: number): ChainLink => ({
  writer: 'w/"1"',
  seq,
  prev: seq === 1 ? null : `h${seq - 1}`,
  hash: `h${seq}`,
});

/** Every change has its note on the way to Kafka, in order, and none is trimmed before Kafka has it. */
export function outboxLaws({ fresh }: Fixture): void {
  describe('the outbox', () => {
    test('has one note per change, of the type of its scope, with what the caller wanted said', async () => {
      const harness = await fresh();
      const request = await byRuleNow(harness, session('a:b', 's'));
      const state = applied(await harness.store.trip(request));
      const expected: ChangeNote = {
        ...{ type: 'session.terminated', scope: 'session:a%3Ab:s', subject: request.decisionId, before: null, state },
        ...{ audit: AUDIT, at: state.at, detail: null, holds: null },
      };
      expect(await notes(harness)).toEqual([expected]);
      for (const scope of [GLOBAL, tenant('t'), tool(null, 'x')]) await harness.store.trip(byOperator(scope));
      for (const scope of [GLOBAL, tenant('t'), tool(null, 'x'), session('a:b', 's')]) {
        await harness.store.clear(clearing(scope));
      }
      expect((await notes(harness)).map((note) => [note.type, note.before])).toEqual([
        ['session.terminated', null],
        ['switch.tripped', null],
        ['switch.tripped', null],
        ['tool.disabled', null],
        ['switch.cleared', 'disable_writes'],
        ['switch.cleared', 'disable_writes'],
        ['tool.enabled', 'disabled'],
        ['session.restored', 'stop_all'],
      ]);
    });

    test('has none for what changed nothing', async () => {
      const harness = await fresh();
      await harness.store.clear(clearing(GLOBAL));
      const request = byOperator(GLOBAL);
      await harness.store.trip(request);
      await harness.store.trip(request);
      await harness.store.trip(byOperator(GLOBAL));
      expect(await harness.store.pendingCount()).toBe(1);
    });

    test('links every entry to the one before, through trimming, and tells its id to who made the change', async () => {
      const harness = await fresh();
      const ids: string[] = [];
      for (const name of ['a', 'b', 'c']) {
        const outcome = await harness.store.trip(byOperator(tenant(name)));
        ids.push(outcome.status === 'applied' ? outcome.outboxId : '');
      }
      const entries = await harness.store.entries(null, 10);
      expect(entries.map((entry) => entry.id)).toEqual(ids);
      expect(entries.map((entry) => entry.previous)).toEqual([null, ids[0], ids[1]]);
      await harness.store.lease('relay', MINUTE);
      await harness.store.acknowledge('relay', ids[2] ?? '');
      await harness.store.trip(byOperator(tenant('d')));
      expect((await harness.store.entries(null, 10)).map((entry) => entry.previous)).toEqual([ids[2]]);
    });

    test('is read on from any entry, in pages', async () => {
      const harness = await fresh();
      for (let each = 0; each < 5; each += 1) await harness.store.trip(byOperator(tenant(`t${each}`)));
      const seen: string[] = [];
      let after: string | null = null;
      for (;;) {
        const page = await harness.store.entries(after, 2);
        if (page.length === 0) break;
        expect(page.length).toBeLessThanOrEqual(2);
        seen.push(...page.map((entry) => entry.note.scope));
        after = page.at(-1)?.id ?? null;
      }
      expect(seen).toEqual(['tenant:t0', 'tenant:t1', 'tenant:t2', 'tenant:t3', 'tenant:t4']);
    });

    test('that is full refuses automation and nobody else; what changes nothing is still told so', async () => {
      const harness = await fresh({ outboxMax: 3 });
      for (const name of ['a', 'b', 'c']) await harness.store.trip(byOperator(tenant(name)));
      expect(verdictOf(await harness.store.trip(await byRuleNow(harness, tenant('d'))))).toBe('outbox_full');
      expect(verdictOf(await harness.store.trip(await byRuleNow(harness, tenant('a'))))).toBe('unchanged');
      expect(verdictOf(await harness.store.trip(byOperator(tenant('d'))))).toBe('applied');
      expect(verdictOf(await harness.store.clear(clearing(tenant('d'))))).toBe('applied');
      await harness.byHand.set('agent_kill_global', '1');
      expect(await harness.store.adopt([GLOBAL], SENTINEL)).toHaveLength(1);
      await relayAll(harness);
      expect(verdictOf(await harness.store.trip(await byRuleNow(harness, tenant('d'))))).toBe('applied');
    });
  });

  describe('the relay', () => {
    test('is one at a time: a lease holds until it ends or is given back', async () => {
      const { store, advance } = await fresh();
      expect(await store.lease('a', MINUTE)).toBe(true);
      expect(await store.lease('b', MINUTE)).toBe(false);
      expect(await store.lease('a', MINUTE)).toBe(true);
      await store.release('b');
      expect(await store.lease('b', MINUTE)).toBe(false);
      await store.release('a');
      expect(await store.lease('b', MINUTE)).toBe(true);
      advance(MINUTE);
      expect(await store.lease('a', MINUTE)).toBe(true);
    });

    test('remembers how entries were chained until they are acknowledged', async () => {
      const harness = await fresh();
      const { store } = harness;
      for (const name of ['a', 'b', 'c']) await store.trip(byOperator(tenant(name)));
      const [first, second, third] = (await store.entries(null, 10)).map((entry) => entry.id) as [
        string,
        string,
        string,
      ];
      expect(await store.chainState()).toEqual({ last: null, pending: new Map() });
      expect(await store.acknowledged()).toBeNull();
      await store.lease('relay', MINUTE);
      await store.rememberChain('relay', first, link(1));
      await store.rememberChain('relay', second, link(2));
      await store.rememberChain('relay', third, link(3));
      await store.acknowledge('relay', second);
      expect(await store.chainState()).toEqual({ last: link(3), pending: new Map([[third, link(3)]]) });
      expect(await store.acknowledged()).toBe(second);
      expect((await store.entries(null, 10)).map((entry) => entry.id)).toEqual([third]);
      expect(await store.pendingCount()).toBe(1);
      await store.acknowledge('relay', first);
      expect(await store.acknowledged()).toBe(second);
      await store.acknowledge('relay', third);
      expect(await store.chainState()).toEqual({ last: link(3), pending: new Map() });
    });

    test('never chains an entry twice: a successor finds the first link', async () => {
      const { store, advance } = await fresh();
      await store.trip(byOperator(GLOBAL));
      const id = (await store.entries(null, 1))[0]?.id ?? '';
      await store.lease('a', MINUTE);
      await store.rememberChain('a', id, link(1));
      advance(HOUR);
      await store.lease('b', MINUTE);
      await store.rememberChain('b', id, link(1));
      await expect(store.rememberChain('b', id, link(2))).rejects.toMatchObject({ code: 'superseded' });
      expect((await store.chainState()).pending.get(id)).toEqual(link(1));
    });

    test('who lost the lease neither chains nor trims', async () => {
      const { store, advance } = await fresh();
      await store.trip(byOperator(GLOBAL));
      const id = (await store.entries(null, 1))[0]?.id ?? '';
      await store.lease('a', MINUTE);
      advance(HOUR);
      await store.lease('b', MINUTE);
      await expect(store.rememberChain('a', id, link(1))).rejects.toMatchObject({ code: 'superseded' });
      await expect(store.acknowledge('a', id)).rejects.toMatchObject({ code: 'superseded' });
      expect(await store.pendingCount()).toBe(1);
    });
  });
}

async function relayAll({ store }: Harness): Promise<void> {
  await store.lease('relay', MINUTE);
  const last = (await store.entries(null, 1_000)).at(-1);
  if (last !== undefined) await store.acknowledge('relay', last.id);
}
