import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileGlob, compileGlobs } from '../../src/domain/glob.ts';

/** The meaning of a glob, said as plainly as possible. */
function means(pattern: readonly string[], text: readonly string[]): boolean {
  const [head, ...rest] = pattern;
  if (head === undefined) return text.length === 0;
  if (head === '*') return text.some((_, i) => means(rest, text.slice(i))) || means(rest, []);
  return text.length > 0 && (head === '?' || head === text[0]) && means(rest, text.slice(1));
}

const character = fc.constantFrom('a', 'b', '.', '😀', 'é');

describe('compileGlob', () => {
  it('agrees with the plain meaning of * and ? on any pattern and text', () => {
    const pattern = fc.array(fc.oneof(fc.constantFrom('*', '?'), character), { maxLength: 8 });
    fc.assert(
      fc.property(pattern, fc.array(character, { maxLength: 10 }), (glob, text) => {
        expect(compileGlob(glob.join(''))(text.join(''))).toBe(means(glob, text));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['* crosses dots', 'ticket.*', 'ticket.comment.add', true],
    ['the dot is no wildcard', 'email.send', 'email_send', false],
    ['a suffix glob needs its own dot', '*.read', 'read', false],
    ['case counts', 'Email.*', 'email.send', false],
    ['characters of regular expressions stand for themselves', 'a(b+)*', 'a(b+)x', true],
    ['the empty pattern matches only the empty text', '', 'a', false],
  ])('%s', (_law, pattern, text, expected) => {
    expect(compileGlob(pattern)(text)).toBe(expected);
  });

  it('stays fast on patterns that ruin backtracking matchers', () => {
    const started = performance.now();
    expect(compileGlob(`${'*a'.repeat(100)}b`)('a'.repeat(10_000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('compileGlobs', () => {
  it('matches what any of its globs matches, and nothing without globs', () => {
    const matches = compileGlobs(['email.send', '*.read']);
    expect(['email.send', 'crm.read', 'crm.write'].map(matches)).toEqual([true, true, false]);
    expect(compileGlobs([])('')).toBe(false);
  });
});
