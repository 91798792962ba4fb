/**
 * Walks what a fetch brought for one partition, in place, and never throws: a batch that cannot be read becomes one
 * record with `damage`, and the next one is read as if nothing had been.
 *
 * Record set: batches, the last of them perhaps cut off. Batch (format 2, Kafka 0.11 and newer), all big endian:
 *   0 base offset i64 · 8 length of the rest i32 · 12 leader epoch i32 · 16 format i8 · 17 CRC-32C of the rest u32
 *   21 attributes i16 (0–2 codec, 3 append time, 5 control) · 23 last offset delta i32 · 27 first timestamp i64
 *   35 greatest timestamp i64 · 43 producer i64, i16, i32 · 57 record count i32 · 61 records, compressed together
 * Record: length, attributes i8, timestamp delta, offset delta, key, value, headers; lengths and deltas are varints.
 */
import { crc32c } from '@node-rs/crc32';
import { decompress } from './codecs.ts';
import { FetchedRecords } from './fetched-records.ts';
import { VarintReader } from './varint.ts';

const HEADER_BYTES = 61;
const LENGTH_END = 12;
const FORMAT_AT = 16;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const LAST_DELTA_AT = 23;
const GREATEST_TIMESTAMP_AT = 35;
const COUNT_AT = 57;

const CODEC_BITS = 0x07;
const APPEND_TIME_BIT = 0x08;
const CONTROL_BIT = 0x20;

export interface RecordSetSource {
  readonly topic: string;
  readonly partition: number;
  /** Records before it are passed over: a batch is always stored and sent whole. */
  readonly from: number;
  /** One after the last record of the partition. */
  readonly endOffset: number;
  /** Stands for the append time where the topic keeps producer times. */
  readonly receivedAt: number;
}

export interface RecordSet {
  readonly records: FetchedRecords;
  /** The first offset that could not be read; null when all could. */
  readonly damagedAt: number | null;
  /** Past what was there, also where it held no records (control batches, compaction). */
  readonly nextOffset: number;
  readonly logAppendTime: boolean;
}

/** Offsets and times are far below 2^53. */
export function readInt64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
}

export function readRecordSet(source: RecordSetSource, bytes: Buffer): RecordSet {
  const records = new FetchedRecords(source);
  let next = source.from;
  let logAppendTime = true;
  let damagedAt: number | null = null;
  for (let at = 0; at < bytes.length; ) {
    const size = batchSize(bytes, at);
    if (size === 0 && at > 0) break; // cut off: it comes first, and whole, with the next fetch
    const batch = size === 0 ? bytes : bytes.subarray(at, at + size);
    at += batch.length;
    const already = records.runs;
    try {
      if (size === 0) throw new Error('its length is wrong');
      logAppendTime &&= (batch.readInt16BE(ATTRIBUTES_AT) & APPEND_TIME_BIT) !== 0;
      next = readBatch(source, batch, next, records);
    } catch (error) {
      records.backTo(already);
      damagedAt ??= next;
      const following = batchSize(bytes, at) > 0 ? readInt64(bytes, at) : null;
      next = damaged(source, batch, next, following, (error as Error).message, records);
    }
  }
  return { records, damagedAt, nextOffset: next, logAppendTime };
}

/** 0 where no whole batch stands there. */
function batchSize(bytes: Buffer, at: number): number {
  if (at + HEADER_BYTES > bytes.length) return 0;
  const size = LENGTH_END + bytes.readInt32BE(at + 8);
  return size < HEADER_BYTES || at + size > bytes.length ? 0 : size;
}

/** @returns the offset after the batch, always beyond `from` */
function readBatch(source: RecordSetSource, batch: Buffer, from: number, records: FetchedRecords): number {
  if (batch[FORMAT_AT] !== 2) throw new Error(`its format ${batch[FORMAT_AT]} is not that of Kafka 0.11 and newer`);
  if (crc32c(batch.subarray(ATTRIBUTES_AT)) !== batch.readUInt32BE(CRC_AT)) throw new Error('its checksum is wrong');
  const next = readInt64(batch, 0) + batch.readInt32BE(LAST_DELTA_AT) + 1;
  // The checksum does not cover the base offset.
  if (next <= from || next > source.endOffset) throw new Error(`its offsets end at ${next}, which cannot be`);
  const attributes = batch.readInt16BE(ATTRIBUTES_AT);
  if ((attributes & CONTROL_BIT) === 0) {
    const codec = attributes & CODEC_BITS;
    const body = codec === 0 ? batch : decompress(codec, batch.subarray(HEADER_BYTES));
    readRecords(source, batch, body, codec === 0 ? HEADER_BYTES : 0, from, records);
  }
  return next;
}

function readRecords(
  source: RecordSetSource,
  batch: Buffer,
  body: Buffer,
  start: number,
  from: number,
  records: FetchedRecords,
): void {
  const base = readInt64(batch, 0);
  const lastDelta = batch.readInt32BE(LAST_DELTA_AT);
  const reader = new VarintReader(body, start);
  records.begin(body, base, appendTime(source, batch));
  for (let left = batch.readInt32BE(COUNT_AT); left > 0; left--) {
    const length = reader.next();
    const end = reader.at + length;
    if (length < 0 || end > body.length) throw new Error('a record is cut off');
    reader.at += 1;
    reader.skip();
    const delta = reader.next();
    const keyAt = reader.at;
    const keyLength = reader.next();
    if (keyLength > 0) reader.at += keyLength;
    const valueLength = reader.next();
    const valueAt = reader.at;
    const valueEnd = valueLength > 0 ? valueAt + valueLength : valueAt;
    if (valueEnd >= end || delta < 0 || delta > lastDelta) throw new Error('a record contradicts itself');
    reader.at = end;
    if (base + delta >= from) records.add(delta, keyAt, valueAt, Math.max(-1, valueLength));
  }
}

function appendTime(source: RecordSetSource, batch: Buffer): number {
  const isAppendTime = (batch.readInt16BE(ATTRIBUTES_AT) & APPEND_TIME_BIT) !== 0;
  return isAppendTime ? readInt64(batch, GREATEST_TIMESTAMP_AT) : source.receivedAt;
}

/** One record for the whole batch, with the batch as its value. @returns the offset to go on from */
function damaged(
  source: RecordSetSource,
  batch: Buffer,
  from: number,
  following: number | null,
  why: string,
  records: FetchedRecords,
): number {
  const { topic, partition, endOffset, receivedAt } = source;
  const isWhole = batch.length >= HEADER_BYTES;
  const base = isWhole ? readInt64(batch, 0) : from;
  const offset = base > from && base < endOffset ? base : from;
  const next = Math.max(offset + 1, Math.min(following ?? claimedEnd(batch), endOffset));
  const stamped = isWhole ? readInt64(batch, GREATEST_TIMESTAMP_AT) : 0;
  records.addDamaged({
    topic,
    partition,
    offset,
    appendedAt: stamped > 0 ? Math.min(stamped, receivedAt) : receivedAt,
    key: null,
    value: batch,
    headers: {},
    damage: `the batch at offsets ${offset} to ${next - 1} cannot be read: ${why}`,
  });
  return next;
}

/** Where a damaged batch says that it ends; nowhere unless two of its fields agree, so that a flipped bit skips nothing. */
function claimedEnd(batch: Buffer): number {
  if (batch.length < HEADER_BYTES) return 0;
  const count = batch.readInt32BE(COUNT_AT);
  return count === batch.readInt32BE(LAST_DELTA_AT) + 1 ? readInt64(batch, 0) + count : 0;
}
