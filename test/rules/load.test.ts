import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadRules } from '../../src/rules/load.ts';
import type { RulesResult } from '../../src/rules/parse.ts';
import { problemText } from '../../src/rules/problem.ts';
import { soundRule } from './rule-text.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rules-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function put(path: string, text: string): Promise<void> {
  await mkdir(join(folder, path, '..'), { recursive: true });
  await writeFile(join(folder, path), text);
}

function named(name: string): string {
  return soundRule('loop').replace('alert: A', `alert: ${name}`).replace('name: g', `name: ${name}`);
}

function told(result: RulesResult): readonly string[] {
  if (result.status === 'valid') return result.set.rules.map(({ name }) => name);
  return result.problems.map((problem) => problemText(problem).replace(folder, '.'));
}

it('a folder is read deep and in one order; tests, hidden files and others are left out', async () => {
  await put('b.yaml', named('B'));
  await put('a/z.yml', named('Z'));
  await put('a.yaml', named('A'));
  await put('a.test.yaml', 'tests: []');
  await put('..data/a.yaml', named('A'));
  await put('.hidden.yaml', 'x');
  await put('README.md', 'x');
  expect(told(await loadRules([folder]))).toEqual(['A', 'Z', 'B']);
});

it('a file that was named is read whatever it is called, and only once', async () => {
  await put('rules.txt', named('A'));
  await put('b.yaml', named('B'));
  expect(told(await loadRules([join(folder, 'rules.txt'), join(folder, 'b.yaml'), folder]))).toEqual(['B', 'A']);
});

it('one bad file makes the whole set bad, and what is wrong elsewhere is told too', async () => {
  await put('a.yaml', named('A'));
  await put('b.yaml', 'groups: x');
  expect(told(await loadRules([folder, join(folder, 'none')]))).toEqual([
    './b.yaml:1:9: groups is "x", expected a list of groups',
    './none:1:1: there is no such file or folder, expected rules: name their folder with --rules, SENTINEL_RULES or rules.dir',
  ]);
});

it('a folder without rules is a mistake, groups: [] is a decision', async () => {
  expect(told(await loadRules([folder]))).toEqual([
    '.:1:1: the folder has no rules, expected at least one *.yaml (groups: [] for none)',
  ]);
  await put('none.yaml', 'groups: []');
  expect(told(await loadRules([folder]))).toEqual([]);
});

it('a file that is too large is refused unread', async () => {
  await put('a.yaml', '#'.repeat(10_000_000));
  expect(told(await loadRules([folder]))).toEqual([
    './a.yaml:1:1: the file has 10000000 bytes, expected at most 65536: split it',
  ]);
});

it('links are followed, but not in circles', async () => {
  await put('real/a.yaml', named('A'));
  await symlink(folder, join(folder, 'real/again'));
  await symlink(join(folder, 'nowhere'), join(folder, 'lost.yaml'));
  expect(told(await loadRules([folder]))).toEqual([
    expect.stringMatching(/^\.\/lost\.yaml:1:1: the file cannot be read \(ENOENT/),
  ]);
  await rm(join(folder, 'lost.yaml'));
  expect(told(await loadRules([folder]))).toEqual(['A']);
});
