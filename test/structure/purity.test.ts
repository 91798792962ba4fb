import { describe, expect, test } from 'vitest';
import { purityViolations } from './purity.ts';
import { sourceFiles } from './tree.ts';

const violations = (text: string): string[] => purityViolations([{ path: 'src/engine/a.ts', text }]);

test('engine and responder are pure', () => {
  expect(purityViolations(sourceFiles())).toEqual([]);
});

describe('the checker refuses', () => {
  test.each([
    ['a clock', 'const t = Date.now();', 'uses Date.now'],
    ['a date of now', 'const t = new Date();', 'uses new Date()'],
    ['a date of now without brackets', 'const t = new Date;', 'uses new Date'],
    ['a date as text of now', 'const t = Date();', 'uses Date('],
    ['the precise clock', 'const t = performance.now();', 'uses performance'],
    ['randomness', 'const r = Math.random();', 'uses Math.random'],
    ['a timer', 'setTimeout(f, 1);', 'uses setTimeout'],
    ['the process', 'const e = process.env.X;', 'uses process'],
    ['the process, spread', 'const e = { ...process };', 'uses process'],
    ['a logger', `console.log('x');`, 'uses console'],
    ['a global by a detour', 'globalThis.x = 1;', 'uses globalThis'],
    ['an order that depends on the machine', 'a.sort((x, y) => x.localeCompare(y));', 'uses .localeCompare'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
    ['code inside a template', 'const s = `at ${Date.now()}`;', 'uses Date.now'],
    ['a module of Node', `import { createHash } from 'node:crypto';`, 'imports node:crypto'],
    ['a module of Node without its prefix', `import fs from 'fs';`, 'imports fs'],
    ['a type of a library', `import type { Logger } from 'pino';`, 'imports pino'],
    ['a computed import', 'await import(x);', 'imports '],
  ])('%s', (_what, text, message) => {
    expect(violations(text)).toEqual([expect.stringContaining(`src/engine/a.ts:1: ${message}`)]);
  });
});

describe('the checker admits', () => {
  test.each([
    ['a date that is given', 'const t = new Date(record.appendedAt);'],
    ['the words in a comment or a string', `// Date.now() and process\nconst s = 'console';`],
    ['a member of the same name', 'engine.process(record); rule?.process; a.console.x;'],
    ['a longer name', 'const processed = preprocess(1); const isDate = 1;'],
    ['statistics', `import { mean } from 'simple-statistics';`],
    ['the nouns', `import type { Alert } from '../domain/alert.ts';`],
  ])('%s', (_what, text) => {
    expect(violations(text)).toEqual([]);
  });

  test('impurity elsewhere', () => {
    expect(purityViolations([{ path: 'src/daemon/a.ts', text: 'Date.now()' }])).toEqual([]);
  });
});
