import { describe, expect, test } from 'vitest';
import { directionViolations, LAYERS, librariesLoadedBy } from './directions.ts';
import { foldersOf, sourceFiles } from './tree.ts';

const violations = (path: string, text: string): string[] => directionViolations([{ path, text }]);

describe('our tree', () => {
  test('imports point one way, and only adapters know a client library', () => {
    expect(directionViolations(sourceFiles())).toEqual([]);
  });

  test('every folder of src/ has its place among the layers', () => {
    expect(LAYERS.flat()).toEqual(expect.arrayContaining(foldersOf('src')));
  });

  test('whoever loads the guard, or a store for it, does not load kafkajs', () => {
    const files = sourceFiles();
    const entries = files.filter(({ path }) => /^src\/(?:guard|adapters\/(?:redis|embedded))\//.test(path));
    const loading = entries.filter(({ path }) => librariesLoadedBy(path, files).has('kafkajs'));
    expect(loading.map(({ path }) => path)).toEqual([]);
  });
});

describe('the checker refuses', () => {
  test.each([
    ['an upward import', 'src/domain/a.ts', `import { b } from '../engine/b.ts';`, 'domain may not import engine'],
    [
      'an upward import of a type',
      'src/ports/a.ts',
      `import type { B } from '../audit/b.ts';`,
      'ports may not import audit',
    ],
    [
      'an upward dynamic import',
      'src/audit/a.ts',
      `await import('../adapters/b.ts');`,
      'audit may not import adapters',
    ],
    ['an upward export', 'src/rules/a.ts', `export * from '../cli/b.ts';`, 'rules may not import cli'],
    ['a neighbour of the same layer', 'src/rules/a.ts', `import '../engine/b.ts';`, 'rules may not import engine'],
    ['a port in the engine', 'src/engine/a.ts', `import '../ports/b.ts';`, 'engine may not import ports'],
    [
      'a rule parser in the responder',
      'src/responder/a.ts',
      `import '../rules/b.ts';`,
      'responder may not import rules',
    ],
    [
      'the guard in the kill switch',
      'src/killswitch/a.ts',
      `import '../guard/b.ts';`,
      'killswitch may not import guard',
    ],
    [
      'the daemon in an adapter',
      'src/adapters/kafka/a.ts',
      `import '../../daemon/b.ts';`,
      'adapters may not import daemon',
    ],
    ['the public entry from inside', 'src/http/a.ts', `import '../index.ts';`, 'http may not import ../index.ts'],
    ['the command line in the public entry', 'src/index.ts', `import './cli/main.ts';`, 'may not import cli'],
    ['a folder without a layer', 'src/misc/a.ts', `import '../domain/b.ts';`, 'misc may not import domain'],
    [
      'an adapter statically in the guard',
      'src/guard/index.ts',
      `import '../adapters/b.ts';`,
      'guard may not import adapters',
    ],
    [
      'an adapter elsewhere in the guard',
      'src/guard/a.ts',
      `import('../adapters/b.ts')`,
      'guard may not import adapters',
    ],
    [
      'kafkajs outside adapters',
      'src/daemon/a.ts',
      `import { Kafka } from 'kafkajs';`,
      'only adapters may import kafkajs',
    ],
    [
      'a type of ioredis outside adapters',
      'src/guard/a.ts',
      `import type { Redis } from 'ioredis';`,
      'may import ioredis',
    ],
    ['a part of a client library', 'src/cli/a.ts', `await import('lmdb/index.js');`, 'only adapters may import lmdb'],
    ['another extension', 'src/domain/a.ts', `import './b.js';`, './b.js needs the extension .ts'],
    ['an import out of src/', 'src/cli/a.ts', `import '../../test/services/redis.ts';`, 'leaves src/'],
    ['a computed import', 'src/cli/a.ts', 'await import(path);', 'a computed import cannot be checked'],
  ])('%s', (_what, path, text, message) => {
    expect(violations(path, text)).toEqual([expect.stringContaining(message)]);
    expect(violations(path, text)[0]).toMatch(new RegExp(`^${path}:1: `));
  });
});

describe('the checker admits', () => {
  test.each([
    ['its own folder', 'src/engine/a.ts', `import './measures/b.ts';`],
    ['the nouns, everywhere', 'src/responder/a.ts', `import type { Alert } from '../domain/alert.ts';`],
    ['a port beside it', 'src/audit/a.ts', `import type { EventLog } from '../ports/event-log.ts';`],
    ['the kill switch in the guard', 'src/guard/a.ts', `import { b } from '../killswitch/b.ts';`],
    ['a store opened by the guard on demand', 'src/guard/index.ts', `await import('../adapters/redis/b.ts')`],
    ['a client library in an adapter', 'src/adapters/redis/a.ts', `import { Redis } from 'ioredis';`],
    ['the HTTP app in the daemon', 'src/daemon/a.ts', `import '../http/app.ts';`],
    ['everything below in the public entry', 'src/index.ts', `export * from './daemon/a.ts';`],
  ])('%s', (_what, path, text) => {
    expect(violations(path, text)).toEqual([]);
  });
});

test('what a file loads is followed through static imports only', () => {
  const files = [
    { path: 'src/guard/index.ts', text: `import './a.ts'; import type { T } from './c.ts'; await import('./d.ts');` },
    { path: 'src/guard/a.ts', text: `export * from '../domain/b.ts'; import './index.ts';` },
    { path: 'src/domain/b.ts', text: `import 'reached';` },
    { path: 'src/guard/c.ts', text: `import 'erased';` },
    { path: 'src/guard/d.ts', text: `import 'later';` },
  ];
  expect(librariesLoadedBy('src/guard/index.ts', files)).toEqual(new Set(['reached']));
});
