/** Where a record stands in its log. */
export interface Position {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** One event of the evidence; the deciding one, the last, carries its `event_id`. */
export interface EvidenceEvent extends Position {
  readonly event_id?: string;
}

/** Why an alert fired: what was measured, what was allowed, and which events made it so (contract 7). */
export interface Evidence {
  /** The rule's type, with its field where it has one: `event_count`, `value_sum:cost_usd`. */
  readonly measure: string;
  readonly value: number;
  readonly threshold: number;
  readonly score: number | null;
  /** null where the measure has no window. */
  readonly window_ms: number | null;
  /** The key's clock when the condition was judged, epoch ms. */
  readonly window_end: number;
  /** The newest contributing events, at most 20, oldest first; the last is the deciding one. */
  readonly events: readonly EvidenceEvent[];
}
