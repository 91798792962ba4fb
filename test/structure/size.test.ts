import { expect, test } from 'vitest';
import { type SourceFile, sourceFiles } from './tree.ts';

const LINES_MAX = 500;

const tooLong = (files: readonly SourceFile[]): string[] =>
  files.filter(({ text }) => text.trimEnd().split('\n').length > LINES_MAX).map(({ path }) => path);

test(`no file of src/ has more than ${LINES_MAX} lines`, () => {
  expect(tooLong(sourceFiles())).toEqual([]);
});

test('a file at the limit is admitted, one line more is not', () => {
  const file = (path: string, lines: number): SourceFile => ({ path, text: 'x\n'.repeat(lines) });
  expect(tooLong([file('at.ts', LINES_MAX), file('over.ts', LINES_MAX + 1)])).toEqual(['over.ts']);
});
