import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { loadRules } from '../../src/rules/load.ts';
import { parseRules } from '../../src/rules/parse.ts';

const TEXT = readFileSync(new URL('../../docs/detection.md', import.meta.url), 'utf8');
const SHIPPED = /^\| `(\w+)`.*(?:\n\| +\|.*)*?\*\*(\d+)\*\* \(shipped\)/gm;

it('docs/detection.md names the thresholds that are shipped', async () => {
  const result = await loadRules([fileURLToPath(new URL('../../rules', import.meta.url))]);
  if (result.status === 'invalid') throw new Error('the shipped rules are wrong');
  const shipped = new Map(result.set.rules.map(({ name, condition }) => [name, condition.threshold]));
  const named = [...TEXT.matchAll(SHIPPED)].map(([, name, threshold]) => [name, Number(threshold)] as const);
  expect(named.map(([name]) => name)).toEqual(['Loop', 'FewDifferentCalls', 'DuplicateWrites']);
  for (const [name, threshold] of named) expect(shipped.get(name!)).toBe(threshold);
});

it('the example of docs/detection.md is sound', () => {
  const content = Buffer.from(/```yaml\n([\s\S]*?)```/.exec(TEXT)![1]!);
  expect(parseRules([{ name: 'detection.md', content }])).toMatchObject({ status: 'valid' });
});
