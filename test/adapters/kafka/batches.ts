/** Record batches by hand, byte by byte, sharing nothing with the code that reads them. */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32c } from '@node-rs/crc32';
import type { KafkaServer } from '../../services/kafka.ts';

export interface WrittenRecord {
  readonly delta: number;
  readonly key?: Uint8Array | null;
  readonly value?: Uint8Array | null;
  readonly headers?: readonly (readonly [string, Uint8Array | null])[];
}

export interface WrittenBatch {
  readonly base: number;
  readonly records: readonly WrittenRecord[];
  readonly lastDelta?: number;
  /** As the lowest bits of the attributes say it. */
  readonly codec?: number;
  readonly compress?: (bytes: Buffer) => Buffer;
  readonly appendTime?: boolean;
  readonly control?: boolean;
  readonly greatestTimestamp?: number;
  readonly format?: number;
}

export function writeBatch(batch: WrittenBatch): Buffer {
  const { base, records, codec = 0, appendTime = true, control = false, format = 2 } = batch;
  const plain = Buffer.concat(records.map(writeRecord));
  const body = batch.compress === undefined ? plain : batch.compress(plain);
  const head = Buffer.alloc(61);
  head.writeBigInt64BE(BigInt(base), 0);
  head.writeInt32BE(49 + body.length, 8);
  head.writeInt32BE(7, 12);
  head.writeInt8(format, 16);
  head.writeInt16BE(codec | (appendTime ? 8 : 0) | (control ? 0x30 : 0), 21);
  head.writeInt32BE(batch.lastDelta ?? records.at(-1)?.delta ?? 0, 23);
  head.writeBigInt64BE(1000n, 27);
  head.writeBigInt64BE(BigInt(batch.greatestTimestamp ?? 1_700_000_000_000), 35);
  head.writeBigInt64BE(-1n, 43);
  head.writeInt16BE(-1, 51);
  head.writeInt32BE(-1, 53);
  head.writeInt32BE(records.length, 57);
  return sealed(Buffer.concat([head, body]));
}

/** With the checksum that its bytes ask for. */
export function sealed(batch: Buffer): Buffer {
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17);
  return batch;
}

/** Changes the batch at that offset of partition 0 where the broker keeps it, under its feet: it sends the file as it is. */
export function spoilBatch(server: KafkaServer, topic: string, base: number, change: (batch: Buffer) => void): void {
  const path = join(server.dir, 'logs', `${topic}-0`, '00000000000000000000.log');
  const bytes = readFileSync(path);
  for (let at = 0; at < bytes.length; at += 12 + bytes.readInt32BE(at + 8)) {
    if (Number(bytes.readBigInt64BE(at)) !== base) continue;
    const batch = bytes.subarray(at, at + 12 + bytes.readInt32BE(at + 8));
    change(batch);
    const file = openSync(path, 'r+');
    writeSync(file, batch, 0, batch.length, at);
    closeSync(file);
    return;
  }
  throw new Error(`no batch at ${base}`);
}

function writeRecord({ delta, key = null, value = null, headers = [] }: WrittenRecord): Buffer {
  const fields = [Buffer.from([0]), varint(5), varint(delta), sized(key), sized(value), varint(headers.length)];
  for (const [name, content] of headers) fields.push(sized(Buffer.from(name)), sized(content));
  const body = Buffer.concat(fields);
  return Buffer.concat([varint(body.length), body]);
}

function sized(bytes: Uint8Array | null): Buffer {
  return bytes === null ? varint(-1) : Buffer.concat([varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
  for (; left >= 128n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
  return Buffer.from([...bytes, Number(left)]);
}
