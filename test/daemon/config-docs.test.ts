/** docs/configuration.md is the only list of all keys: it must be whole and true. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { DEFAULT_CONFIG } from '../../src/daemon/config/config.ts';
import { ENVIRONMENT, loadConfig } from '../../src/daemon/config/load.ts';
import { configShape } from '../../src/daemon/config/shape.ts';

const TEXT = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
const EXAMPLE = /```yaml\n([\s\S]*?)```/.exec(TEXT)![1]!;

it('its example says every default, and is sound', () => {
  const dir = mkdtempSync(join(tmpdir(), 'sentinel-config-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, 'sentinel.yaml'), EXAMPLE);
  const { kafka, redis, ...rest } = loadConfig({ file: join(dir, 'sentinel.yaml'), env: {} });
  const { kafka: _kafka, redis: _redis, ...defaults } = DEFAULT_CONFIG;
  expect(rest).toEqual(defaults);
  expect(kafka).toEqual({ brokers: ['127.0.0.1:9092'], groupId: 'sentinel', ssl: false, sasl: null });
  expect(redis).toEqual({ url: 'redis://127.0.0.1:6379', keyPrefix: '' });
});

type Schema = Readonly<Record<string, unknown>>;

/** Dotted paths of all keys of the form. */
function keysOf(schema: Schema, way: readonly string[] = []): string[] {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Schema>);
  const forms = (schema.anyOf ?? []) as readonly Schema[];
  return [
    ...properties.flatMap(([key, value]) => [[...way, key].join('.'), ...keysOf(value, [...way, key])]),
    ...forms.flatMap((form) => keysOf(form, way)),
  ];
}

function writtenKeys(value: unknown, way: readonly string[] = []): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    [...way, key].join('.'),
    ...writtenKeys(inner, [...way, key]),
  ]);
}

it('its example has every key that there is; what needs servers of another kind stands in a comment', () => {
  const commented = /^kafka\.(ssl|sasl)\b/;
  const missing = keysOf(configShape.schema).filter((key) => !writtenKeys(parse(EXAMPLE)).includes(key));
  expect(missing.filter((key) => !commented.test(key))).toEqual([]);
  for (const key of missing) expect(EXAMPLE).toContain(key.split('.').at(-1));
});

it('it names every variable, and what each sets', () => {
  const rows = [...TEXT.matchAll(/^\| `([A-Z_]+)` \| `([a-z_.]+)`/gm)].map(([, name, path]) => [name, path]);
  expect(Object.fromEntries(rows)).toEqual(ENVIRONMENT);
});
