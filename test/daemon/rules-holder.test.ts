import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Chain } from '../../src/audit/chain.ts';
import { OutgoingQueue } from '../../src/daemon/outgoing.ts';
import { checkRules, RulesHolder } from '../../src/daemon/rules-holder.ts';
import { Trail } from '../../src/daemon/trail.ts';
import type { AuditRecord } from '../../src/domain/audit-record.ts';
import { SentinelError } from '../../src/domain/errors.ts';

const rules = (name: string) => `groups:
  - name: g
    rules:
      - {alert: ${name}, type: event_count, window: 1m, condition: {gt: 3}, severity: critical}
`;

let dir: string;
let holder: RulesHolder;
let partitions: () => Promise<number>;
const loaded: string[] = [];
const rejected: (readonly string[] | null)[] = [];
const trail: AuditRecord[] = [];

beforeEach(async () => {
  for (const list of [loaded, rejected, trail]) list.length = 0;
  partitions = async () => 1;
  dir = mkdtempSync(join(tmpdir(), 'sentinel-rules-'));
  write(rules('One'));
  const sink = {
    partitionsOf: async (_: string, keys: readonly string[]) => keys.map(() => 0),
    append: async (_: string, messages: readonly { readonly value: unknown }[]) => {
      trail.push(...messages.map(({ value }) => JSON.parse(String(value)) as AuditRecord));
      return [];
    },
  };
  const queue = new OutgoingQueue(sink, () => {});
  holder = await RulesHolder.open({
    dir,
    partitionedBy: 'tenant',
    partitions: () => partitions(),
    trail: new Trail(new Chain('w', null), queue, 'audit'),
    now: () => 1_000,
    onLoaded: async ({ rules: all }) => void loaded.push(all.map(({ rule }) => rule.name).join()),
    onRejected: (errors) => void rejected.push(errors),
  });
  holder.watch();
});
afterEach(() => {
  holder.stop();
  rmSync(dir, { recursive: true, force: true });
});

function write(text: string): void {
  writeFileSync(join(dir, 'a.yaml'), text);
}

const inForce = () => holder.current.rules.map(({ rule }) => rule.name);
const told = () => trail.map(({ type }) => type);

describe('the rule set in force', () => {
  test('is replaced by a good one on SIGHUP, and that is told', async () => {
    write(rules('Two'));
    await holder.reload();
    expect(inForce()).toEqual(['Two']);
    expect(loaded).toEqual(['Two']);
    expect(rejected).toEqual([null]);
    await expect.poll(told).toEqual(['rules.loaded', 'rules.loaded']);
  });

  test('stays the last good one when a bad set comes, with every error; the next good one takes its place', async () => {
    write('groups: [{name: g, rules: [{alert: X, type: nonsense}]}]');
    await holder.reload();
    expect(inForce()).toEqual(['One']);
    expect(rejected[0]?.join()).toContain('a.yaml:1:');
    await expect.poll(told).toEqual(['rules.loaded', 'rules.rejected']);
    write(rules('Three'));
    await holder.reload();
    expect(inForce()).toEqual(['Three']);
    expect(rejected.at(-1)).toBeNull();
  });

  test('stays when the folder vanishes', async () => {
    rmSync(dir, { recursive: true });
    await holder.reload();
    expect(inForce()).toEqual(['One']);
    expect(rejected).toHaveLength(1);
  });

  test('stays when it cannot be judged now, and that ends nothing', async () => {
    partitions = () => Promise.reject(new SentinelError('kafka_unavailable', 'Kafka is away', { retryable: true }));
    write(rules('Two'));
    await holder.reload();
    expect(inForce()).toEqual(['One']);
    expect(rejected).toEqual([['Kafka is away']]);
  });

  test('follows the folder by itself', async () => {
    write(rules('Watched'));
    await expect.poll(inForce, { timeout: 10_000 }).toEqual(['Watched']);
  });
});

describe('at the start', () => {
  test('there is no last good set: all errors are thrown', async () => {
    write('groups: [{name: g, rules: [{alert: X, type: nonsense}, {alert: Y, type: nonsense}]}]');
    await expect(checkRules(dir)).rejects.toMatchObject({
      code: 'rules_invalid',
      message: expect.stringContaining('\n'),
    });
  });
});
