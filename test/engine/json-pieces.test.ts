import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonPieces } from '../../src/engine/json-pieces.ts';

describe('JSON in pieces', () => {
  it('is the JSON of the value, with white space after any piece', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse([...jsonPieces(value)].join('  '))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('leaves out what is undefined, as JSON does', () => {
    expect([...jsonPieces({ a: undefined, b: [] })].join('')).toBe('{"b":[]}');
  });

  it('is parted where it is long, also inside of an array', () => {
    const value = { names: Array.from({ length: 100_000 }, (_, i) => `name-${i}`), free: [] };
    const pieces = [...jsonPieces(value)];
    expect(pieces.length).toBeGreaterThan(3);
    expect(JSON.parse(pieces.join(' '))).toEqual(value);
  });
});
