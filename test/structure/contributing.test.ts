import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LAYERS } from './directions.ts';
import { foldersOf, ROOT } from './tree.ts';

const page = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8');

/** The folders in the first column of the page's map. */
function foldersNamed(text: string): string[] {
  return [...text.matchAll(/^\| `([^`]+)\/` +\|/gm)].map(([, folder = '']) => folder);
}

const isFolder = (path: string): boolean => existsSync(join(ROOT, path)) && statSync(join(ROOT, path)).isDirectory();

describe('the map in CONTRIBUTING.md', () => {
  test('names only folders that exist', () => {
    expect(foldersNamed(page).filter((folder) => !isFolder(folder))).toEqual([]);
  });

  test('names every folder of src/, each once', () => {
    const named = foldersNamed(page).filter((folder) => folder.startsWith('src/'));
    expect(named.sort()).toEqual(foldersOf('src').map((folder) => `src/${folder}`));
  });

  test('tells the layers as the checker holds them', () => {
    const told = /Imports point one way:\n\n(.*?)\n\n/s.exec(page)?.[1]?.replace(/\s+/g, ' ');
    expect(told).toBe(LAYERS.map((layer) => layer.map((name) => `\`${name}\``).join(', ')).join(' ← '));
  });

  test('is read row by row', () => {
    expect(foldersNamed('| folder | what |\n| --- | --- |\n| `a/b/` | x `c/` |\ntext `d/`')).toEqual(['a/b']);
  });
});

test('every script that CONTRIBUTING.md names exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const named = [...page.matchAll(/npm run ([\w:]+)/g)].map(([, script = '']) => script);
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
});
