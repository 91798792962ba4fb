import type { Alert } from '../domain/alert.ts';
import { createDecoder } from '../domain/event/decode.ts';
import { SymbolTables } from '../domain/event/symbol-tables.ts';
import type { CompiledRuleSet } from '../domain/rule.ts';
import { Engine, symbolsOf } from '../engine/index.ts';
import type { CheckpointStore } from '../ports/checkpoint-store.ts';
import type { EventLog } from '../ports/event-log.ts';
import { Responder } from '../responder/responder.ts';
import { CheckpointSlot, readOutgoing } from './checkpoint.ts';
import { HeldPartition } from './held-partition.ts';
import { Partition, type PartitionParts } from './partition.ts';
import type { PipelineOptions } from './pipeline-options.ts';
import { findStart, type Start } from './restore.ts';
import type { Shared } from './shared.ts';

export interface TakeoverParts {
  readonly log: Pick<EventLog, 'endOffset' | 'offsetAt'>;
  readonly checkpoints: CheckpointStore;
  readonly shared: Shared;
  readonly options: PipelineOptions;
}

/** Makes a partition ours: as its checkpoint says, or else from as far back as its rules can need. */
export async function takeOver(
  { log, checkpoints, shared, options }: TakeoverParts,
  partition: number,
  rules: CompiledRuleSet,
): Promise<HeldPartition> {
  const slot = await CheckpointSlot.take(checkpoints, shared.log, partition);
  const stored = await slot.load();
  const start = await findStart(log, options.topic, partition, stored, rules.set.longestWindowMs, shared.now());
  const { parts, alerts } = partsOf(partition, start, rules, options);
  const restored = new Partition(parts, shared);
  if (start.from === 'checkpoint') {
    slot.useLoaded(start.offset);
    restored.resume(start.head);
    for (const written of start.head.outgoing) {
      if (!shared.trail.takeOver(written, partition)) shared.queue.push(readOutgoing(written, partition));
    }
  } else {
    options.onNotice(partition, { kind: start.lost ? 'loss' : 'information', text: start.notice });
  }
  // Other rules than the checkpoint's end the alerts of those that are gone.
  await restored.handle(alerts);
  slot.savedAt = shared.now();
  return new HeldPartition(restored, slot, shared.now());
}

function partsOf(
  partition: number,
  start: Start,
  rules: CompiledRuleSet,
  { topic, format, tools, sessionEndsAfterMs, responder, hashKey }: PipelineOptions,
): { readonly parts: PartitionParts; readonly alerts: readonly Alert[] } {
  const isRestored = start.from === 'checkpoint';
  const symbols = isRestored ? SymbolTables.restore(symbolsOf(start.snapshot)) : new SymbolTables(hashKey());
  const engineOptions = { log: { topic, partition }, rules, symbols, sessionEndsAfterMs };
  const { engine, alerts } = isRestored
    ? Engine.restore(engineOptions, start.snapshot)
    : { engine: startAt(new Engine(engineOptions), start.offset), alerts: [] };
  const parts = {
    partition,
    engine,
    symbols,
    decoder: createDecoder({ symbols, plan: rules.plan, tools, format }),
    responder: new Responder(responder, isRestored ? start.head.responder : undefined),
    rules,
    quietUntil: isRestored ? start.head.quietUntil : start.quietUntil,
  };
  return { parts, alerts: [...alerts] };
}

function startAt(engine: Engine, offset: number): Engine {
  engine.startAt(offset);
  return engine;
}
