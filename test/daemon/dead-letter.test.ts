import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { deadLetter } from '../../src/daemon/dead-letter.ts';
import type { LogRecord } from '../../src/ports/event-log.ts';

const record = (said: Partial<LogRecord>): LogRecord => ({
  ...{
    topic: 't',
    partition: 2,
    offset: 9,
    appendedAt: 77,
    key: Buffer.from('k'),
    value: Buffer.from('v'),
    headers: {},
  },
  ...said,
});

describe('a dead letter', () => {
  test('is the record as it came, with why and from where', () => {
    const headers = { ce_id: Buffer.from('1'), absent: undefined };
    expect(deadLetter(record({ headers }), 'not_json', 'no JSON')).toEqual({
      key: 'k',
      value: Buffer.from('v'),
      headers: {
        ce_id: '1',
        'sentinel-reason': 'not_json',
        'sentinel-detail': 'no JSON',
        'sentinel-topic': 't',
        'sentinel-partition': '2',
        'sentinel-offset': '9',
        'sentinel-appended-at': '77',
      },
    });
  });

  test('keeps a copy: the record is a view of a response', () => {
    const value = Buffer.from('v');
    const letter = deadLetter(record({ value }), 'r', 'd');
    value.write('x');
    expect(String(letter.value)).toBe('v');
  });

  test('over 900 kB goes as its first 64 kB, with size and hash', () => {
    const value = Buffer.alloc(900_001, 'a');
    const letter = deadLetter(record({ value }), 'too_large', 'd');
    expect(letter.value).toHaveLength(65_536);
    expect(letter.headers).toMatchObject({
      'sentinel-size': '900001',
      'sentinel-sha256': createHash('sha256').update(value).digest('hex'),
    });
  });

  test('is never too large for its own topic, whatever key and headers came with it', () => {
    const letter = deadLetter(
      record({ key: Buffer.alloc(500_000, 'k'), headers: { h: 'x'.repeat(500_000) } }),
      'not_json',
      'd',
    );
    expect(JSON.stringify(letter).length).toBeLessThan(10_000);
  });
});
