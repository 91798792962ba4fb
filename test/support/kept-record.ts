import type { LogRecord } from '../../src/ports/event-log.ts';

/** A record to keep: its bytes are views of memory that is used again, and its fields need not be its own. */
export function kept(record: LogRecord): LogRecord {
  const { topic, partition, offset, appendedAt, key, value, headers, damage } = record;
  return {
    topic,
    partition,
    offset,
    appendedAt,
    key: key === null ? null : Uint8Array.from(key),
    value: value === null ? null : Uint8Array.from(value),
    headers,
    ...(damage === undefined ? {} : { damage }),
  };
}
