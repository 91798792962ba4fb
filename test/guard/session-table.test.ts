import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Keyed, SessionTable } from '../../src/guard/session-table.ts';

/** The law of it, without any shortcut. */
const pairOf = ({ tenant, session }: Keyed): string => JSON.stringify([tenant, session]);
const sorted = (all: Iterable<Keyed>): readonly string[] => [...all].map(pairOf).sort();

test('whatever was added and deleted, in any order: each pair of tenant and id finds its own entry and no other', () => {
  const id = fc.constantFrom('a', 'b', '__proto__', '');
  const step = fc.record({ does: fc.constantFrom('add', 'delete'), tenant: id, session: id });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const table = new SessionTable<Keyed>();
      const model = new Map<string, Keyed>();
      for (const { does, tenant, session } of steps) {
        const each = { tenant, session };
        if (does === 'add') table.add(each);
        else table.delete(each);
        if (does === 'add') model.set(pairOf(each), each);
        else model.delete(pairOf(each));
        for (const asked of steps) expect(table.get(asked.tenant, asked.session)).toBe(model.get(pairOf(asked)));
        expect(table.size).toBe(model.size);
        expect(sorted(table)).toEqual(sorted(model.values()));
      }
    }),
  );
});

test('an id that every tenant uses is found without a look at the others', () => {
  const table = new SessionTable<Keyed>();
  const compared: string[] = [];
  for (let n = 0; n < 1_000; n += 1) {
    const tenant = `t${n}`;
    table.add({
      get tenant() {
        compared.push(tenant);
        return tenant;
      },
      session: '1',
    });
  }
  compared.length = 0;
  expect(table.get('t999', '1')?.session).toBe('1');
  expect(compared).toEqual(['t0']);
});
