import { expect, it } from 'vitest';
import { COMBINATIONS, SHOWS } from '../../eval/repetition.ts';
import { calls } from './logs.ts';

const [COMBO_B, COMBO_A] = COMBINATIONS;

it.each([
  ['half of the calls repeat an earlier one', 'a b c a b c', true],
  ['fewer than half do', 'a b c d a b c', false],
  ['a call after another write is no repeat', 'a b X a b Y a b', false],
  ['a third of the calls are different, writes too', 'A B A B A B', true],
  ['a write is its own repeat, and what was read before it is new', 'X X X X a b', true],
  ['five calls say nothing yet', 'a a a a a', false],
])('repetition: %s', (_law, letters, shows) => {
  expect(SHOWS.holds(calls(letters))).toBe(shows);
});

it.each([
  ['five in a row', 'a a a a a', [true, true]],
  ['four in a row', 'b a a a a', [false, true]],
  ['eight with no other write between', 'a b a c a d a e a f a g a h a', [true, true]],
  ['six with no other write between', 'a b a c a d a e a f a', [false, true]],
  ['six with writes between', 'a B a C a D a E a F a', [false, false]],
  ['three different of sixteen, writes too', 'A B c A B c A B c A B c A B c A', [true, true]],
  ['three different of twelve, writes too', 'A B c A B c A B c A B c', [false, true]],
  ['three different of eleven', 'A B c A B c A B c A B', [false, false]],
])('the combinations of the data: %s', (_law, letters, [b, a]) => {
  expect([COMBO_B?.holds(calls(letters)), COMBO_A?.holds(calls(letters))]).toEqual([b, a]);
});
