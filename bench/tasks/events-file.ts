/** Writes the workload into a file, one event a line. */
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { chunksOf } from '../chunks.ts';
import type { WorkloadOptions } from '../workload.ts';
import { task } from './task.ts';

export interface EventsFileInput {
  readonly file: string;
  readonly workload: WorkloadOptions;
}

const LINE_FEED = Buffer.from('\n');

function* lines(options: WorkloadOptions): Generator<Buffer> {
  for (const chunk of chunksOf(options)) yield Buffer.concat(chunk.flatMap(({ bytes }) => [bytes, LINE_FEED]));
}

await task<EventsFileInput, null>(async ({ file, workload }) => {
  await pipeline(Readable.from(lines(workload)), createWriteStream(file));
  return null;
});
