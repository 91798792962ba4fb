import { expect, test } from 'vitest';
import { bareCode } from './bare-code.ts';

test.each([
  ['a line comment is gone', 'a; // Date.now()\nb', 'a;              \nb'],
  ['a block comment keeps its lines', 'a /* x\ny */ b', 'a     \n     b'],
  ['the inside of strings is gone', `f('x', "y")`, `f(' ', " ")`],
  ['an escaped quote does not end a string', String.raw`'a\'b' + c`, `'    ' + c`],
  [
    'the text of a template is gone, its expressions stay',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
    '`on ${f({ a: `x${b}` })} x`',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
    '`   ${f({ a: ` ${b}` })}  `',
  ],
  ['a comment mark in a string is no comment', `'//' + a`, `'  ' + a`],
  ['quotes in a regular expression open no string', `x = /['"\`]/.test(y)`, 'x = /     /.test(y)'],
  ['a slash in a class does not end a regular expression', 'x = /[/*]/; y', 'x = /    /; y'],
  ['a division is no regular expression', `a / b / c + 'x'`, `a / b / c + ' '`],
  ['a division after a bracket is none either', `(a) / b[0] / c`, '(a) / b[0] / c'],
])('%s', (_law, source, bare) => {
  expect(bareCode(source)).toBe(bare);
  expect(bareCode(source)).toHaveLength(source.length);
});

test('strings are kept where asked for, comments never', () => {
  expect(bareCode(`import 'a'; // 'b'`, { keepStrings: true })).toBe(`import 'a';       `);
});
