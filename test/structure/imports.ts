import { bareCode, lineOf } from './bare-code.ts';

/** `type` is erased when built; `static` is loaded with the file; `dynamic` only when the code gets there. */
export type ImportKind = 'type' | 'static' | 'dynamic';

export interface Import {
  readonly kind: ImportKind;
  readonly specifier: string;
  readonly line: number;
}

const FROM = /\b(?:import|export)\s+(type\b(?!\s*(?:,|from\b))\s*)?[\w$*{}\s,]*?\bfrom\s*(['"])([^'"\n]+)\2/g;
const FOR_ITS_EFFECT = /\bimport\s*(['"])([^'"\n]+)\1/g;
const CALLED = /(?<![.\w$])(?:import|require)\s*\(\s*(?:(['"`])([^'"`\n]+)\1)?/g;

/** What a module of ours imports, in every form: import, import type, export from, import() and require(). */
export function importsOf(source: string): Import[] {
  const code = bareCode(source, { keepStrings: true });
  const outsideStrings = bareCode(source);
  const found = (pattern: RegExp, toImport: (match: RegExpExecArray) => Omit<Import, 'line'>): Import[] =>
    [...code.matchAll(pattern)]
      .filter(({ index }) => outsideStrings[index] !== ' ') // the text of a string may look like an import
      .map((match) => ({ ...toImport(match), line: lineOf(code, match.index) }));
  return [
    ...found(FROM, ([, type, , specifier = '']) => ({ kind: type === undefined ? 'static' : 'type', specifier })),
    ...found(FOR_ITS_EFFECT, ([, , specifier = '']) => ({ kind: 'static', specifier })),
    // A computed specifier cannot be judged; it shows as an empty one.
    ...found(CALLED, ([, , specifier = '']) => ({ kind: 'dynamic', specifier })),
  ];
}
