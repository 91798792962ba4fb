import { type WorkEvent, type WorkloadOptions, workload } from './workload.ts';

const CHUNK_EVENTS = 20_000;

/** The workload in pieces, so that making it and judging it can be timed apart, whatever its length. */
export function* chunksOf(options: WorkloadOptions): Generator<readonly WorkEvent[]> {
  let chunk: WorkEvent[] = [];
  for (const event of workload(options)) {
    chunk.push(event);
    if (chunk.length < CHUNK_EVENTS) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
