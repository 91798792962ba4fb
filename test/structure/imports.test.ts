import { expect, test } from 'vitest';
import { importsOf } from './imports.ts';

test.each([
  ['a named import', `import { a } from './a.ts';`, ['static ./a.ts']],
  ['an import over several lines', `import {\n  a,\n  type B,\n} from './a.ts';`, ['static ./a.ts']],
  ['a default and a namespace', `import a from 'x';\nimport * as b from 'y';`, ['static x', 'static y']],
  ['an import of types only', `import type { A } from './a.ts';`, ['type ./a.ts']],
  ['a default import that is called type', `import type from 'x';`, ['static x']],
  ['an import for its effect', `import 'x';`, ['static x']],
  ['an export from', `export * from './a.ts';\nexport type { B } from "./b.ts";`, ['static ./a.ts', 'type ./b.ts']],
  ['a dynamic import', `const a = await import('./a.ts');`, ['dynamic ./a.ts']],
  ['a type written as import()', `let a: import('./a.ts').A;`, ['dynamic ./a.ts']],
  ['a computed import, which shows as empty', 'await import(name);', ['dynamic ']],
  ['a require', `const a = require('a');`, ['dynamic a']],
  ['nothing in a comment', `// import 'x';\n/* import { a } from 'y'; */`, []],
  ['nothing in a string', `const a = "import 'x'";\nconst b = \`import { c } from 'y'\`;`, []],
  ['no declaration', `export const from = 'x';\nexport type A = { from: 'x' };\nexport function f() {}`, []],
])('imports are seen: %s', (_what, source, expected) => {
  expect(importsOf(source).map(({ kind, specifier }) => `${kind} ${specifier}`)).toEqual(expected);
});

test('an import knows its line', () => {
  expect(importsOf(`// head\n\nimport 'x';`)).toEqual([{ kind: 'static', specifier: 'x', line: 3 }]);
});
