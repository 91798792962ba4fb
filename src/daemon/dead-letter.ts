import { createHash } from 'node:crypto';
import type { LogRecord, OutMessage } from '../ports/event-log.ts';

/** Larger values go as their first 64 kB, with size and hash: the topic's own limit must not stop us. */
const WHOLE_BYTES_MAX = 900_000;
const HEAD_BYTES = 65_536;

/** What is no event, for the dead-letter topic: whole, with headers that say why and from where. */
export function deadLetter(record: LogRecord, reason: string, detail: string): OutMessage {
  const value = record.value;
  const whole = value === null || value.length <= WHOLE_BYTES_MAX;
  return {
    key: record.key === null ? null : Buffer.from(record.key).toString('utf8'),
    // A copy: the record is a view of a whole fetch response.
    value: value === null ? null : Buffer.from(whole ? value : value.subarray(0, HEAD_BYTES)),
    headers: {
      'sentinel-reason': reason,
      'sentinel-detail': detail,
      'sentinel-topic': record.topic,
      'sentinel-partition': String(record.partition),
      'sentinel-offset': String(record.offset),
      'sentinel-appended-at': String(record.appendedAt),
      ...(whole ? {} : cutHeaders(value)),
    },
  };
}

function cutHeaders(value: Uint8Array): Record<string, string> {
  return {
    'sentinel-size': String(value.length),
    'sentinel-sha256': createHash('sha256').update(value).digest('hex'),
  };
}
