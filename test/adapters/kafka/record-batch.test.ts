import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type RecordSet, readRecordSet } from '../../../src/adapters/kafka/record-batch.ts';
import type { LogRecord } from '../../../src/ports/event-log.ts';
import { sealed, type WrittenRecord, writeBatch } from './batches.ts';

const NOW = 1_800_000_000_000;

type ReadSet = Omit<RecordSet, 'records'> & { readonly records: readonly LogRecord[] };

function read(bytes: Buffer, from = 0, endOffset = 1_000_000): ReadSet {
  const set = readRecordSet({ topic: 't', partition: 3, from, endOffset, receivedAt: NOW }, bytes);
  expect(set.records.length).toBe([...set.records].length);
  return { ...set, records: [...set.records] };
}

function texts({ records }: ReadSet): string[] {
  return records.map(({ offset, value, damage }) => (damage === undefined ? `${offset}:${value}` : `${offset}!`));
}

function plain(count: number): WrittenRecord[] {
  return Array.from({ length: count }, (_, delta) => ({ delta, value: Buffer.from(`v${delta}`) }));
}

describe('reading a record set', () => {
  test('what was written is read: offsets, keys, values, headers, append time', () => {
    const bytes = fc.option(fc.uint8Array({ maxLength: 300 }), { nil: null });
    const record = fc.record({
      gap: fc.integer({ min: 0, max: 200 }),
      key: bytes,
      value: bytes,
      headers: fc.uniqueArray(fc.tuple(fc.string({ maxLength: 5, unit: 'grapheme' }), bytes), {
        selector: ([name]) => name,
        maxLength: 3,
      }),
    });
    const law = fc.property(
      fc.integer({ min: 0, max: 2 ** 50 }),
      fc.array(record, { minLength: 1 }),
      (base, written) => {
        let delta = -1;
        const records = written.map(({ gap, ...rest }) => {
          delta += 1 + gap;
          return { ...rest, delta };
        });
        const set = read(writeBatch({ base, records, greatestTimestamp: 1234 }), base, 2 ** 52);
        expect(set.nextOffset).toBe(base + delta + 1);
        expect(set.records).toHaveLength(records.length);
        for (const [index, { delta: offset, key, value, headers }] of records.entries()) {
          const found = set.records[index]!;
          expect([found.topic, found.partition, found.offset, found.appendedAt]).toEqual(['t', 3, base + offset, 1234]);
          expect(found.damage).toBeUndefined();
          expect([copy(found.key), copy(found.value)]).toEqual([copy(key), copy(value)]);
          const wanted = headers.map(([name, content]) => [name, copy(content)]);
          expect(Object.entries(found.headers).map(([name, content]) => [name, copy(content)])).toEqual(
            expect.arrayContaining(wanted),
          );
        }
      },
    );
    fc.assert(law, { numRuns: 200 });
  });

  test('a batch is sent whole: records before the wanted offset are passed over', () => {
    const set = read(writeBatch({ base: 10, records: plain(5) }), 13);
    expect(texts(set)).toEqual(['13:v3', '14:v4']);
    expect(set.nextOffset).toBe(15);
  });

  test('batches follow on one another; one that is cut off at the end is left for the next fetch', () => {
    const [first, second] = [writeBatch({ base: 0, records: plain(2) }), writeBatch({ base: 2, records: plain(2) })];
    for (const size of [1, 16, 17, 60, 61, second.length - 1]) {
      const set = read(Buffer.concat([first, second.subarray(0, size)]));
      expect(texts(set)).toEqual(['0:v0', '1:v1']);
      expect(set.nextOffset).toBe(2);
    }
    expect(texts(read(Buffer.concat([first, second])))).toEqual(['0:v0', '1:v1', '2:v0', '3:v1']);
  });

  test('control batches and emptied ones hold no records, but their offsets are passed', () => {
    const control = writeBatch({ base: 0, records: [{ delta: 0, key: Buffer.from([0, 0, 0, 0]) }], control: true });
    const emptied = writeBatch({ base: 1, records: [], lastDelta: 8 });
    expect(read(control)).toMatchObject({ records: [], nextOffset: 1 });
    expect(read(Buffer.concat([control, emptied]))).toMatchObject({ records: [], nextOffset: 10 });
  });

  test('nothing fetched is nothing read', () => {
    expect(read(Buffer.alloc(0), 7)).toEqual({ records: [], nextOffset: 7, logAppendTime: true, damagedAt: null });
  });

  test('a topic with producer times gives the time of receipt, and says so', () => {
    const set = read(writeBatch({ base: 0, records: plain(1), appendTime: false }));
    expect(set.logAppendTime).toBe(false);
    expect(set.records[0]?.appendedAt).toBe(NOW);
  });

  test('the last header of a name counts', () => {
    const headers = [['a', Buffer.from('1')] as const, ['a', Buffer.from('2')] as const];
    const [record] = read(writeBatch({ base: 0, records: [{ delta: 0, headers }] })).records;
    expect(String(record?.headers.a)).toBe('2');
  });
});

describe('a batch that cannot be read', () => {
  const before = writeBatch({ base: 0, records: plain(2) });
  const after = writeBatch({ base: 12, records: plain(2) });
  const whole = () => writeBatch({ base: 2, records: plain(10) });

  function between(bad: Buffer): ReadSet {
    return read(Buffer.concat([before, bad, after]), 0, 14);
  }

  test('is one record that says why and holds the batch, and what follows is read', () => {
    const bad = whole();
    bad[bad.length - 1]! ^= 1;
    const set = between(bad);
    expect(texts(set)).toEqual(['0:v0', '1:v1', '2!', '12:v0', '13:v1']);
    expect(set.records[2]?.damage).toBe('the batch at offsets 2 to 11 cannot be read: its checksum is wrong');
    expect(bad.equals(set.records[2]?.value ?? Buffer.alloc(0))).toBe(true);
    expect(set.nextOffset).toBe(14);
  });

  test.each([
    ['an unknown codec', { codec: 5 }, 'unknown codec 5'],
    ['bytes that are no gzip', { codec: 1 }, 'not readable as gzip'],
    ['bytes that are no snappy', { codec: 2, compress: () => Buffer.from([255, 255, 255, 255, 255]) }, 'snappy'],
    ['bytes that are no lz4', { codec: 3 }, 'not readable as lz4'],
    ['bytes that are no zstd', { codec: 4 }, 'not readable as zstd'],
    ['an older format', { format: 1 }, 'format 1'],
    ['records that end early', { compress: (bytes: Buffer) => bytes.subarray(0, -1) }, 'cut off'],
    ['a record beyond its batch', { lastDelta: 5 }, 'contradicts itself'],
  ])('%s is told in words', (_, change, why) => {
    const set = between(writeBatch({ base: 2, records: plain(10), ...change }));
    expect(texts(set).slice(0, 3)).toEqual(['0:v0', '1:v1', '2!']);
    expect(set.records[2]?.damage).toContain(why);
    expect(texts(set).slice(-2)).toEqual(['12:v0', '13:v1']);
  });

  test('with a length that is none is passed offset by offset', () => {
    for (const length of [-1, 0, 48, 2 ** 30]) {
      const bad = whole();
      bad.writeInt32BE(length, 8);
      const set = read(bad, 4, 14);
      expect(texts(set)).toEqual(['4!']);
      expect(set.nextOffset).toBeGreaterThan(4);
    }
    expect(texts(read(Buffer.alloc(30), 4, 14))).toEqual(['4!']);
  });

  test('skips nothing that can be read, whatever it says of itself', () => {
    const bad = whole();
    for (const lastDelta of [2 ** 31 - 1, 500, -5]) {
      bad.writeInt32BE(lastDelta, 23);
      expect(read(bad, 2, 1000).nextOffset).toBe(3);
      expect(read(Buffer.concat([bad, after]), 2, 1000).nextOffset).toBe(14);
    }
    const far = whole();
    far.writeBigInt64BE(5000n, 0);
    expect(texts(read(far, 2, 1000))).toEqual(['2!']);
  });

  test('carries a time that is not later than now', () => {
    const bad = writeBatch({ base: 0, records: plain(1), codec: 6, greatestTimestamp: NOW + 5 });
    expect(read(bad).records[0]?.appendedAt).toBe(NOW);
    expect(read(writeBatch({ base: 0, records: plain(1), codec: 6 })).records[0]?.appendedAt).toBe(1_700_000_000_000);
  });

  test('any damage to a middle batch never throws, always gets on, and loses no record of the others', () => {
    const size = whole().length;
    const flips = fc.array(fc.tuple(fc.integer({ min: 12, max: size - 1 }), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 5,
    });
    const law = fc.property(flips, fc.boolean(), (changes, isSealed) => {
      const bad = whole();
      for (const [at, mask] of changes) bad[at]! ^= mask;
      const set = between(isSealed ? sealed(bad) : bad);
      const seen = texts(set);
      expect(seen.slice(0, 2)).toEqual(['0:v0', '1:v1']);
      expect(set.nextOffset).toBeGreaterThanOrEqual(3);
      // Sealed, it may claim the offsets of the next one, which then is damage and takes a place of its own.
      expect(set.nextOffset).toBeLessThanOrEqual(isSealed ? 15 : 14);
      if (!isSealed) expect(seen.slice(-2)).toEqual(['12:v0', '13:v1']);
    });
    fc.assert(law, { numRuns: 2000 });
  });

  test('bytes of any kind never throw and always get on', () => {
    const law = fc.property(fc.uint8Array({ minLength: 1, maxLength: 400 }), (bytes) => {
      expect(read(Buffer.from(bytes), 5, 100).nextOffset).toBeGreaterThan(5);
    });
    fc.assert(law, { numRuns: 1000 });
  });
});

function copy(bytes: Uint8Array | string | null | undefined): string | null {
  return bytes === null || bytes === undefined ? null : Buffer.from(bytes as Uint8Array).toString('hex');
}
