import type { EventView } from '../domain/event/view.ts';

/**
 * The record that is being taken in, and where the partition stands. One object, filled anew for every record and read by all
 * parts: numbers that are handed over in it need no allocation, as arguments would.
 */
export class RecordInHand {
  offset = 0;
  appendedAt = 0;
  /** The greatest append time so far; while timers fire, their due time. */
  horizon = 0;
  /** Effective time of the event. */
  time = 0;
  view!: EventView;
  /** The event's session; 0 when it found no place. */
  session = 0;
  /** The next offset that is expected: offsets are kept relative to it. */
  nextOffset = 0;
  /** Set when some key was past this event. */
  late = false;

  /** What the event adds to the measure in hand, an integer. */
  amount = 1;
  /** What is not newer has left the window in hand. */
  lo = 0;
}
