import type { Condition, KeyTexts } from '../../src/domain/rule.ts';
import type { PlainEvent, PlainRule } from './plain.ts';

/** An event that contributed to a key. Nothing is ever summed up: every answer is computed from these. */
export interface Entry {
  readonly event: PlainEvent;
  readonly offset: number;
  readonly appendedAt: number;
  readonly effective: number;
  /** Counts the records of the partition: the order of arrival. */
  readonly arrival: number;
  /** The horizon when it was taken in. */
  readonly horizon: number;
  /** Which life of its session: an id that ended and came again is another session. */
  readonly sessionLife: number;
  /** Its fingerprint, for the measures that have operations; else ''. */
  readonly operation: string;
  /** What it adds to a sum; 1 for a count. */
  readonly units: number;
  /** The arrival with which its failure became known; null while it is not. */
  failedAt: number | null;
  /** True once newer entries took its place among the exact ones. */
  pushedOut: boolean;
}

/** What a rule remembers of a key from its first event until it is forgotten. */
export interface KeyLife {
  /** In order of arrival; never changed in place. */
  entries: readonly Entry[];
  /** The effective time of the event that began it, or of the first that a fence left. */
  first: number;
  /** The greatest effective time that the key has seen, and the horizon at its newest record. */
  newest: number;
  seenAt: number;
  /** The lower bound of the window. */
  lo: number;
}

/** Entries of a window, and of a loop's fingerprint, that are kept one by one; of a session total. */
export const EXACT = 256;
export const EXACT_OF_TOTAL = 32;
export const SLICES = 64;

/** The key's clock when the horizon stands at `horizon`. */
export function clockOf(life: KeyLife, horizon: number): number {
  return life.newest + (horizon - life.seenAt);
}

/** What has left never returns. */
export function raiseLowerBound(life: KeyLife, windowMs: number, horizon: number): void {
  life.lo = Math.max(life.lo, clockOf(life, horizon) - windowMs);
}

/** What counts: the newest entries one by one, and of those behind them what counts by whole slices. */
export interface Content {
  /** Oldest first. */
  readonly exact: readonly Entry[];
  readonly sliced: readonly Entry[];
}

/**
 * The content of one window: of a key, or of one operation of a key.
 * @param entries by effective time, then by arrival
 */
export function contentOf(entries: readonly Entry[], windowMs: number, lo: number): Content {
  const inside = entries.filter((entry) => entry.effective > lo);
  return {
    exact: inside.filter((entry) => !entry.pushedOut),
    sliced: inside.filter((entry) => entry.pushedOut && sliceOf(entry, windowMs) * windowMs > lo * SLICES),
  };
}

/** Slice i is [i·W/64, (i+1)·W/64); in integers. */
export function sliceOf(entry: Entry, windowMs: number): number {
  const scaled = entry.effective * SLICES;
  return (scaled - (scaled % windowMs)) / windowMs;
}

/** Sorting is the one thing that is remembered: it took most of the oracle's time. */
const sorted = new WeakMap<readonly Entry[], readonly Entry[]>();

/** By effective time, then by arrival. */
export function inTimeOrder(entries: readonly Entry[]): readonly Entry[] {
  const known = sorted.get(entries);
  if (known !== undefined) return known;
  const order = entries.toSorted((a, b) => a.effective - b.effective || a.arrival - b.arrival);
  sorted.set(entries, order);
  return order;
}

/** True when nothing that could ever count is left: the key is forgotten. */
export function isEmpty(life: KeyLife, rule: PlainRule): boolean {
  if (rule.windowMs === null) return life.entries.length === 0;
  return life.entries.every((entry) => entry.effective <= life.lo);
}

/** A rule's key: its life, and the life of its alert, which may outlast the former. */
export interface Key {
  readonly rule: PlainRule;
  readonly texts: KeyTexts;
  readonly text: string;
  readonly condition: Condition;
  life: KeyLife | null;
  alert: AlertState;
  /** After a reload: how many entries counted then. Time alone does not judge it before one of them has left. */
  unjudgedSince: number | null;
}

export type AlertState =
  | { readonly state: 'inactive' }
  | { readonly state: 'pending'; readonly since: number }
  | { readonly state: 'firing'; readonly cause: string; readonly quietSince: number | null };
