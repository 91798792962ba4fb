import { hasHashTag, parseRedisAddress } from '../../domain/redis-address.ts';
import { type KeyClash, keyClashes } from '../../killswitch/key-clashes.ts';
import { publishedConfig } from '../parts.ts';
import { PemFault, readPemFiles } from '../pem-files.ts';
import { mergeDefaults } from './merge.ts';
import type { FileConfig } from './shape.ts';

/** What is wrong although each value by itself is right: at which setting, and what was expected. */
export interface Judgement {
  /** Dotted path: `kill_switch.global_flag`. */
  readonly path: string;
  readonly message: string;
}

export function judge(config: FileConfig): readonly Judgement[] {
  return [...wholeness(config), ...clustered(config), ...distinctNames(config)];
}

/** Nobody reads a store that was embedded by accident. */
function wholeness({ kafka, redis }: FileConfig): readonly Judgement[] {
  const given = (section: unknown): boolean => typeof section === 'object';
  const missing = (path: 'kafka' | 'redis', has: string, lacks: string, setting: string): readonly Judgement[] => [
    {
      path,
      message: `${has} is configured and ${lacks} is not: set ${setting}, or say "${lacks.toLowerCase()}: embedded" if that is meant`,
    },
  ];
  if (given(kafka) && redis === undefined) return missing('kafka', 'Kafka', 'Redis', 'redis.url (REDIS_URL)');
  if (given(redis) && kafka === undefined) return missing('redis', 'Redis', 'Kafka', 'kafka.brokers (KAFKA_BROKERS)');
  return [];
}

/** All keys of one script must share a slot. */
function clustered({ redis }: FileConfig): readonly Judgement[] {
  if (redis === undefined || redis === 'embedded' || parseRedisAddress(redis.url)?.kind !== 'cluster') return [];
  if (hasHashTag(redis.key_prefix ?? '')) return [];
  const message = 'redis.url names a Cluster, expected a hash tag such as "{sentinel}" as redis.key_prefix';
  return [{ path: redis.key_prefix === undefined ? 'redis.url' : 'redis.key_prefix', message }];
}

function distinctNames(config: FileConfig): readonly Judgement[] {
  const { names } = publishedConfig(mergeDefaults(config));
  return keyClashes(names).map(({ name, meets }) => ({
    path: `kill_switch.${name}`,
    message: `kill_switch.${name} is ${JSON.stringify(names[name])}, which meets ${metText(meets, names)}`,
  }));
}

function metText(meets: KeyClash['meets'], names: ReturnType<typeof publishedConfig>['names']): string {
  if ('key' in meets) return `our own key ${meets.key}, expected another name`;
  return `kill_switch.${meets.name} (${JSON.stringify(names[meets.name])}), expected a name that no other begins with`;
}

/** What the daemon reads at its start. Only who runs or checks it asks: a kill must not need Kafka's certificates. */
export function judgeFiles(config: FileConfig): readonly Judgement[] {
  try {
    readPemFiles(mergeDefaults(config).kafka?.ssl ?? false);
    return [];
  } catch (error) {
    if (!(error instanceof PemFault)) throw error;
    const { setting, what } = error;
    return [{ path: setting, message: `${setting}: ${what}` }];
  }
}
