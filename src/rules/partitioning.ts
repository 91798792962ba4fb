import type { Rule, RuleSet } from '../domain/rule.ts';
import type { Problem } from './problem.ts';

/** What producers key their events by: a session's, or a tenant's, events all stand in one partition. */
export type PartitionedBy = 'tenant' | 'session';

/**
 * Rules that cannot be counted, because the events of one key stand in several partitions and each would count only
 * its own. With one partition everything can be counted.
 * @param partitions how many the events topic has; null when that is not known.
 */
export function checkPartitioning(
  set: RuleSet,
  partitionedBy: PartitionedBy,
  partitions: number | null = null,
): readonly Problem[] {
  if (partitions === 1) return [];
  return set.rules
    .filter((rule) => !isLocal(rule, partitionedBy))
    .map((rule) => ({ ...rule.source, message: explain(rule, partitionedBy) }));
}

/** True when all events of a key stand in one partition. */
function isLocal({ groupBy }: Rule, partitionedBy: PartitionedBy): boolean {
  if (groupBy.includes('global_tool')) return false;
  return partitionedBy === 'tenant' || groupBy.includes('session');
}

function explain({ name, groupBy }: Rule, partitionedBy: PartitionedBy): string {
  const what = `the rule ${name} groups by ${groupBy.join(', ')}`;
  const why = `but events are partitioned by ${partitionedBy}, so no partition sees all of a key's`;
  const instead = groupBy.includes('global_tool')
    ? 'expected group_by [tool], or an events topic with one partition'
    : 'expected session in group_by, or kafka.partitioned_by: tenant';
  return `${what}, ${why}, ${instead}`;
}
