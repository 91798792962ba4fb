import { messageOf } from '../domain/errors.ts';
import { decodeSnapshot, type Snapshot } from '../engine/index.ts';
import type { StoredCheckpoint } from '../ports/checkpoint-store.ts';
import type { EventLog } from '../ports/event-log.ts';
import { type CheckpointHead, decodeCheckpoint } from './checkpoint.ts';

const HOUR_MS = 3_600_000;

/** Where a partition starts reading, and from what. */
export type Start =
  | { readonly from: 'checkpoint'; readonly offset: number; readonly head: CheckpointHead; readonly snapshot: Snapshot }
  | {
      readonly from: 'log';
      readonly offset: number;
      /** Decisions wait until then: what is replayed acts only if it still holds. */
      readonly quietUntil: number;
      /** What is lost, for people. */
      readonly notice: string;
      /** There was a checkpoint, and it is of no use. */
      readonly lost: boolean;
    };

/** Judges a checkpoint against the log that is there. `now`: wall clock, epoch ms. */
export async function findStart(
  log: Pick<EventLog, 'endOffset' | 'offsetAt'>,
  topic: string,
  partition: number,
  stored: StoredCheckpoint | null,
  backMs: number,
  now: number,
): Promise<Start> {
  const end = await log.endOffset(topic, partition);
  if (stored === null) return fresh(log, topic, partition, end, backMs, now, false, 'there is no checkpoint');
  const decoded = readable(stored);
  if ('damage' in decoded) {
    return fresh(log, topic, partition, end, backMs, now, true, `the checkpoint cannot be read (${decoded.damage})`);
  }
  const { head, snapshot } = decoded;
  const other = await isOtherLog(log, topic, partition, stored.offset, end, head.last);
  if (other) return fresh(log, topic, partition, end, backMs, now, true, 'the checkpoint is of another log');
  return { from: 'checkpoint', offset: stored.offset, head, snapshot };
}

type Decoded = { readonly head: CheckpointHead; readonly snapshot: Snapshot } | { readonly damage: string };

function readable(stored: StoredCheckpoint): Decoded {
  try {
    const { head, engine } = decodeCheckpoint(stored);
    return { head, snapshot: decodeSnapshot(engine) };
  } catch (error) {
    return { damage: messageOf(error) };
  }
}

async function fresh(
  log: Pick<EventLog, 'offsetAt'>,
  topic: string,
  partition: number,
  end: number,
  backMs: number,
  now: number,
  lost: boolean,
  why: string,
): Promise<Start> {
  const back = Math.max(backMs, HOUR_MS);
  const offset = await log.offsetAt(topic, partition, now - back);
  const where = offset === 0 ? 'the beginning' : `offset ${offset}, what is older is lost to session totals`;
  const notice = `${why}: reading from ${where}`;
  return { from: 'log', offset, quietUntil: end, notice, lost };
}

/** The log ends below the checkpoint, or what follows the last record's time does not stand behind it. */
async function isOtherLog(
  log: Pick<EventLog, 'offsetAt'>,
  topic: string,
  partition: number,
  offset: number,
  end: number,
  last: CheckpointHead['last'],
): Promise<boolean> {
  if (end < offset) return true;
  if (last === null) return false;
  return (await log.offsetAt(topic, partition, last.appendedAt + 1)) <= last.offset;
}
