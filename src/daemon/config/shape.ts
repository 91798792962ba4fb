import { isScalar, isSeq } from 'yaml';
import { BROKER_PATTERN, SASL_MECHANISMS, TOPIC_EXPECTED, TOPIC_PATTERN } from '../../domain/kafka-settings.ts';
import { isLoopback } from '../../domain/loopback.ts';
import { MODES } from '../../domain/mode.ts';
import { orList } from '../../domain/nearest.ts';
import { parseRedisAddress, REDIS_ADDRESS_FORMS } from '../../domain/redis-address.ts';
import { list, object, optional, required } from '../../rules/shapes/collections.ts';
import { duration, flag, number, text, textOf, word } from '../../rules/shapes/scalars.ts';
import { describe, mapped, type Read, refuse, type Shape } from '../../rules/shapes/shape.ts';
import { LOG_LEVELS } from './config.ts';

/** The form of `sentinel.yaml`. Every key may be left out; unknown ones are errors. */

const name = text({ expected: 'a text', longest: 249 });
const path = text({ expected: 'a path' });
const secret = text({ expected: 'a text' });
const globs = list(text({ expected: 'a tool name or glob', longest: 1_024 }), 'a list of tool names or globs');
const broker = text({ expected: 'host:port', pattern: BROKER_PATTERN });
const topic = text({ expected: TOPIC_EXPECTED, pattern: TOPIC_PATTERN });

/** A text that is wrong there is not shown: a password may stand in it, wherever it stands. */
function discreet<T>(shape: Shape<T>, fits: (written: string) => boolean, what: string): Shape<T> {
  return {
    schema: shape.schema,
    read: (at, called, reader) => {
      const written = textOf(at);
      if (written === null || fits(written)) return shape.read(at, called, reader);
      reader.report(at.offset, `${called} is ${what}`);
      return undefined;
    },
  };
}

const redisUrl = discreet(
  text({ expected: REDIS_ADDRESS_FORMS }),
  (written) => parseRedisAddress(written) !== null,
  `no address of a Redis, expected ${REDIS_ADDRESS_FORMS}`,
);
const port = number({ min: 0, max: 65_535, integer: true, expected: 'a port from 0 (any free one) to 65535' });

/** One form or another by what stands there: `kafka: embedded` names the embedded log. */
function embeddedOr<T>(shape: Shape<T>): Shape<T | 'embedded'> {
  return {
    schema: { anyOf: [{ const: 'embedded' }, shape.schema] },
    read: (at, called, reader) =>
      isScalar(at.node) && at.node.value === 'embedded' ? 'embedded' : shape.read(at, called, reader),
  };
}

const sslFiles = object({
  ca: optional(path, 'PEM file of the authorities to trust'),
  cert: optional(path, 'PEM file of our certificate'),
  key: optional(path, 'PEM file of our private key'),
});

const ssl: Shape<boolean | Read<typeof sslFiles>> = {
  schema: { anyOf: [flag.schema, sslFiles.schema] },
  read: (at, called, reader) => (isScalar(at.node) ? flag.read(at, called, reader) : sslFiles.read(at, called, reader)),
};

const FORMATS = ['json', 'cloudevents'] as const;

/** One that is to come is told as such, not as a mistake. */
const format: Shape<(typeof FORMATS)[number]> = {
  schema: word(FORMATS).schema,
  read: (at, called, reader) => {
    if (textOf(at) !== 'otlp_json') return word(FORMATS).read(at, called, reader);
    const expected = `expected ${orList(FORMATS)}`;
    reader.report(at.offset, `${called} is ${describe(at)}, which this version does not have, ${expected}`);
    return undefined;
  },
};

/** There are none in this version, so only the empty list is sound: whoever asks for one must not believe to have it. */
const tokens: Shape<readonly never[]> = {
  schema: { type: 'array', maxItems: 0 },
  read: (at, called, reader) => {
    if (!isSeq(at.node)) return refuse(at, called, '[]: this version has no tokens', reader);
    const [first] = at.node.items;
    if (first === undefined) return [];
    const { offset } = reader.cursor(first, at.offset);
    reader.report(offset, `${called} asks for a token, which this version does not have, expected []`);
    return undefined;
  },
};

/** Without tokens nobody else may ask. */
const host: Shape<string> = mapped(name, (value, at, reader, called) => {
  if (isLoopback(value)) return value;
  return refuse(at, called, 'a loopback address such as 127.0.0.1: this version has no tokens', reader);
});

const kafka = object({
  brokers: required(list(broker, 'a list of host:port', 1), 'the brokers, host:port'),
  group_id: optional(name, 'consumer group of all instances'),
  ssl: optional(ssl, 'true, or {ca, cert, key}'),
  sasl: optional(
    object({
      mechanism: required(word(SASL_MECHANISMS), orList(SASL_MECHANISMS)),
      username: required(name, 'who we are'),
      password: required(secret, 'the password'),
    }),
    'how we log in',
  ),
  topics: optional(
    object({
      events: optional(topic, 'tool-call events'),
      audit: optional(topic, 'audit records'),
      kill_state: optional(topic, 'newest state of every scope (compacted)'),
      dead_letter: optional(topic, 'what is no event'),
    }),
    'names of topics; missing ones are created',
  ),
  partitioned_by: optional(word(['tenant', 'session']), 'what producers key events by'),
  format: optional(format, 'form of the events'),
});

const redis = object({
  url: required(redisUrl, 'where Redis is'),
  key_prefix: optional(
    text({ expected: 'a text', shortest: 0, longest: 256 }),
    'before every key, empty for none; a hash tag for Cluster',
  ),
});

const bound = object({
  max: required(number({ min: 0, integer: true, expected: 'a whole number from 0' }), 'how many'),
  per: required(duration(1), 'in how long'),
});

const share = object({
  max: required(number({ min: 0, max: 1, expected: 'a share from 0 to 1' }), 'which share of the active sessions'),
  per: required(duration(1), 'in how long'),
  at_least: optional(
    number({ min: 0, integer: true, expected: 'a whole number from 0' }),
    'allowed however few are active',
  ),
});

const responder = object({
  simulate: optional(flag, 'record what would be done, do nothing'),
  stale_after: optional(duration(1_000), 'a decision waits while its evidence is older'),
  limits: optional(
    object({
      session_kills: optional(bound, 'terminated sessions of one tenant'),
      timeouts: optional(bound, 'budgets, session_age and session_idle of one tenant'),
      tenant_flips: optional(bound, 'flipped tenants, all together'),
      share_of_active_sessions: optional(share, 'terminated sessions, all together'),
    }),
    'bounds on the automation itself',
  ),
  on_limit: optional(word(['escalate', 'hold']), 'of one tenant: disable its writes, or hold'),
});

export const configShape = object({
  kafka: optional(embeddedOr(kafka), 'Kafka, or embedded by name'),
  redis: optional(
    embeddedOr(discreet(redis, () => false, 'a text, expected a map with url, or embedded')),
    'Redis, or embedded by name',
  ),
  embedded: optional(object({ dir: optional(path, 'folder of log and store') }), 'the embedded log and store'),
  kill_switch: optional(
    object({
      global_flag: optional(name, 'key of the global switch'),
      per_tenant_flag_prefix: optional(name, 'before the tenant'),
      per_session_flag_prefix: optional(name, 'before tenant and session'),
      disabled_tools_key: optional(name, 'key of the set of disabled tools'),
      mode_when_enabled: optional(word(MODES), 'what "1" and a flip without a mode mean'),
      cache_ttl_s: optional(
        number({ min: 0.05, max: 60, expected: 'seconds from 0.05 to 60' }),
        'how often guards poll, s',
      ),
    }),
    'names and defaults of the switches',
  ),
  tools: optional(
    object({ write: optional(globs, 'tools that write'), read: optional(globs, 'tools that only read') }),
    'which tools write',
  ),
  rules: optional(object({ dir: optional(path, 'folder of rules') }), 'the rules'),
  responder: optional(responder, 'how the automation behaves'),
  session_ends_after: optional(duration(1_000), 'a session without an event ends after'),
  http: optional(
    object({
      host: optional(host, 'address to listen on: a loopback one, as there are no tokens yet'),
      port: optional(port, 'port to listen on, 0 for any free one'),
      tokens: optional(tokens, 'who may ask: none yet'),
    }),
    'the HTTP API',
  ),
  log: optional(object({ level: optional(word(LOG_LEVELS), 'of the log on stdout') }), 'the log'),
});

export type FileConfig = Read<typeof configShape>;
