import { describe, expect, it } from 'vitest';
import { examples } from './examples.ts';
import { Oracle } from './oracle.ts';
import { lineOf } from './telling.ts';

describe('the oracle does what docs/semantics.md works out by hand', () => {
  it.each(examples)('$law', ({ setup, happenings, expect: lines }) => {
    const oracle = new Oracle(setup);
    expect(happenings.flatMap((happening) => oracle.take(happening).map(lineOf).sort())).toEqual(lines);
  });
});
