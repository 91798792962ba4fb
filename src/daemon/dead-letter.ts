import { createHash } from 'node:crypto';
import type { LogRecord, OutMessage } from '../ports/event-log.ts';

/** Larger records go as the first 64 kB of their value, with size and hash: the topic's own limit must not stop us. */
const WHOLE_BYTES_MAX = 900_000;
const HEAD_BYTES = 65_536;
const KEY_LENGTH_MAX = 1_024;

/** What is no event, for the dead-letter topic: whole, with headers that say why and from where. */
export function deadLetter(record: LogRecord, reason: string, detail: string): OutMessage {
  const { value } = record;
  const key = record.key === null ? null : Buffer.from(record.key).toString('utf8');
  const headers = headersOf(record);
  const size = (value?.length ?? 0) + (key?.length ?? 0) * 3 + sizeOf(headers);
  const whole = size <= WHOLE_BYTES_MAX;
  return {
    key: whole ? key : (key?.slice(0, KEY_LENGTH_MAX).toWellFormed() ?? null),
    // A copy: the record is a view of a whole fetch response.
    value: value === null ? null : Buffer.from(whole ? value : value.subarray(0, HEAD_BYTES)),
    headers: {
      ...(whole ? headers : {}),
      'sentinel-reason': reason,
      'sentinel-detail': detail,
      'sentinel-topic': record.topic,
      'sentinel-partition': String(record.partition),
      'sentinel-offset': String(record.offset),
      'sentinel-appended-at': String(record.appendedAt),
      ...(whole || value === null ? {} : cutHeaders(value)),
    },
  };
}

/** The record's own, so that it can be sent again as it was. */
function headersOf({ headers }: LogRecord): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) texts[name] = typeof value === 'string' ? value : Buffer.from(value).toString('utf8');
  }
  return texts;
}

function sizeOf(headers: Readonly<Record<string, string>>): number {
  return Object.entries(headers).reduce((sum, [name, value]) => sum + (name.length + value.length) * 3 + 10, 0);
}

function cutHeaders(value: Uint8Array): Record<string, string> {
  return {
    'sentinel-size': String(value.length),
    'sentinel-sha256': createHash('sha256').update(value).digest('hex'),
  };
}
