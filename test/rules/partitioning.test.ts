import { expect, it } from 'vitest';
import { checkPartitioning } from '../../src/rules/partitioning.ts';
import { problemText } from '../../src/rules/problem.ts';
import { setOf, soundRule } from './rule-text.ts';

const by = (groupBy: string) => setOf(soundRule('event_count', `group_by: ${groupBy}`));

it.each([
  ['[session]', 'session'],
  ['[session, tool]', 'session'],
  ['[tenant]', 'tenant'],
  ['[agent, labels.team]', 'tenant'],
] as const)('%s is counted in one place when events are partitioned by %s', (groupBy, partitionedBy) => {
  expect(checkPartitioning(by(groupBy), partitionedBy)).toEqual([]);
});

it('a rule over a tenant cannot be counted where its sessions stand in many partitions', () => {
  expect(checkPartitioning(by('[tenant]'), 'session').map(problemText)).toEqual([
    "0.yaml:4:9: the rule A groups by tenant, but events are partitioned by session, so no partition sees all of a key's, expected session in group_by, or kafka.partitioned_by: tenant",
  ]);
});

it('a rule over all tenants can be counted only where there is one partition', () => {
  expect(checkPartitioning(by('[global_tool]'), 'tenant').map(problemText)).toEqual([
    "0.yaml:4:9: the rule A groups by global_tool, but events are partitioned by tenant, so no partition sees all of a key's, expected group_by [tool], or an events topic with one partition",
  ]);
  expect(checkPartitioning(by('[global_tool]'), 'tenant', 3)).toHaveLength(1);
  expect(checkPartitioning(by('[global_tool]'), 'tenant', 1)).toEqual([]);
  expect(checkPartitioning(by('[tenant]'), 'session', 1)).toEqual([]);
});
