export { Engine, type EngineOptions, type EngineStats } from './engine.ts';
export { type CardinalityLimits, DEFAULT_LIMITS } from './limits.ts';
export type { Snapshot } from './parts.ts';
export { decodeSnapshot, encodeSnapshot, SnapshotEncoder, symbolsOf } from './snapshot.ts';
