import { expect, it } from 'vitest';
import { compileKeyMatch } from '../../src/domain/key-match.ts';
import type { FieldTest, KeyTexts } from '../../src/domain/rule.ts';

const test = (field: string, ...globs: string[]): FieldTest => ({ field, globs });
const key: KeyTexts = { tenant: 'acme', session: 's1', labels: { team: 'payments' } };

it.each([
  ['a glob on a part of the key', [test('tenant', 'ac*')], [], true],
  ['one glob of a list', [test('tenant', 'x', 'acme')], [], true],
  ['all parts hold', [test('tenant', 'acme'), test('session', 's2')], [], false],
  ['a label', [test('labels.team', 'pay*')], [], true],
  ['what is forbidden', [test('tenant', '*')], [test('session', 's1')], false],
  ['what the key has not is not matched', [test('agent', '*')], [], false],
  ['nor forbidden', [], [test('agent', '*')], true],
  ['a label that every object has', [test('labels.constructor', '*')], [], false],
  ['nothing asked', [], [], true],
])('%s', (_law, require, forbid, holds) => {
  expect(compileKeyMatch({ require, forbid })(key)).toBe(holds);
});
