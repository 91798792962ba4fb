import type { ToolLists } from '../domain/tool-kind.ts';
import type { ResponderSettings } from '../responder/settings.ts';
import type { CheckpointPace } from './checkpoints.ts';

export interface PipelineOptions {
  readonly topic: string;
  readonly format: 'json' | 'cloudevents';
  readonly tools: ToolLists;
  readonly sessionEndsAfterMs: number;
  readonly responder: ResponderSettings;
  readonly checkpoints: CheckpointPace;
  /** Two unguessable 32-bit words for a partition that starts without a checkpoint. */
  readonly hashKey: () => readonly number[];
  readonly onNotice: (partition: number, notice: Notice) => void;
  /** What a part waits for; null when it goes on. */
  readonly onWaiting: (part: string, why: string | null) => void;
  /** So many partitions are restored, and read from now on; told again after every rebalance. */
  readonly onReading: (partitions: number) => void;
  readonly onCrash: (error: Error) => void;
}

/** Something that people should know about a partition. `loss`: something was lost by it. */
export interface Notice {
  readonly kind: 'information' | 'loss' | 'producer_time';
  readonly text: string;
}
