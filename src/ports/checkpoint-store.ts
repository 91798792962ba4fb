/**
 * Keeps the newest checkpoint of each partition. Owners are told apart by epochs: a zombie's checkpoint is refused.
 */
export interface CheckpointStore {
  /** Takes a partition over: a new epoch = max(last + 1, store time in µs). Called at assignment, before `load`. */
  begin(log: string, partition: number): Promise<number>;
  /**
   * Saves chunks (each at most 1 MiB) and switches one manifest atomically. Chunks are asked for one by one, with others
   * getting their turn in between; each has to stay as it is until all is saved.
   * @returns false when this is not lexicographically greater in (epoch, offset), or the epoch is not the current one.
   */
  save(checkpoint: CheckpointKey, chunks: Iterable<Uint8Array>): Promise<boolean>;
  /** The newest accepted checkpoint; null when there is none. A damaged one (missing chunk, wrong length) is null too, and reported. */
  load(log: string, partition: number): Promise<StoredCheckpoint | null>;
  close(): Promise<void>;
}

export interface CheckpointKey {
  /** Identity of the log: cluster and topic. */
  readonly log: string;
  readonly partition: number;
  readonly epoch: number;
  /** The next offset to read. */
  readonly offset: number;
}

export interface StoredCheckpoint extends CheckpointKey {
  readonly bytes: Uint8Array;
}
