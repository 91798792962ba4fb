import { contentOf, type Entry, EXACT, EXACT_OF_TOTAL, inTimeOrder, type KeyLife, sliceOf } from './key-life.ts';
import type { PlainRule } from './plain.ts';

/** How a key's older entries give way: to newer ones, to other operations, to a fence. */

/** Keeps the newest entries of an operation exact; a failed call that is pushed out is forgotten where failures matter. */
export function pushOut(rule: PlainRule, life: KeyLife, operation: string): void {
  const exact = inOrderOf(rule, life).filter((entry) => entry.operation === operation && isExact(rule, life, entry));
  const most = rule.measure.type === 'session_total' ? EXACT_OF_TOTAL : EXACT;
  for (const oldest of exact.slice(0, -most)) {
    oldest.pushedOut = true;
    const forgets = rule.measure.type === 'duplicate_count' && rule.measure.after === 'ok';
    if (forgets && oldest.failedAt !== null) life.entries = life.entries.filter((entry) => entry !== oldest);
  }
}

/** Windows are in order of time, all else in order of arrival. */
function inOrderOf(rule: PlainRule, life: KeyLife): readonly Entry[] {
  return rule.windowMs === null ? life.entries : inTimeOrder(life.entries);
}

function isExact(rule: PlainRule, life: KeyLife, entry: Entry): boolean {
  return !entry.pushedOut && (rule.windowMs === null || entry.effective > life.lo);
}

/** Forgets the operations that were called longest ago. */
export function keepNewestOperations(life: KeyLife, limit: number): void {
  const inside = life.entries.filter((entry) => entry.effective > life.lo);
  const newestFirst = [...new Set(inside.map((entry) => entry.operation).reverse())];
  if (newestFirst.length <= limit) return;
  const kept = new Set(newestFirst.slice(0, limit));
  life.entries = life.entries.filter((entry) => kept.has(entry.operation));
}

/** Exact entries go by their append time; what stands behind them goes slice by slice, or as one, by its first record. */
export function dropFenced(rule: PlainRule, life: KeyLife, at: number): void {
  const operations = groups(life.entries, (entry) => entry.operation);
  const kept = new Set(operations.flatMap((entries) => keptOfOperation(rule, life, entries, at)));
  const counting = countingEntries(rule, life);
  life.entries = life.entries.filter((entry) => kept.has(entry));
  if (counting.every((entry) => kept.has(entry))) return;
  const exact = life.entries.filter((entry) => isExact(rule, life, entry));
  life.first = Math.max(life.first, Math.min(...exact.map((entry) => entry.effective)));
}

/** The entries that the value is made of. */
export function countingEntries(rule: PlainRule, life: KeyLife): readonly Entry[] {
  return life.entries.filter((entry) => counts(rule, life, entry));
}

function counts(rule: PlainRule, life: KeyLife, entry: Entry): boolean {
  if (rule.windowMs === null) return true;
  const { exact, sliced } = contentOf([entry], rule.windowMs, life.lo);
  return exact.length + sliced.length > 0;
}

function keptOfOperation(rule: PlainRule, life: KeyLife, entries: readonly Entry[], at: number): readonly Entry[] {
  const exact = entries.filter((entry) => isExact(rule, life, entry) && entry.appendedAt > at);
  if (exact.length === 0) return [];
  const behind = entries.filter((entry) => entry.pushedOut);
  const slices = groups(behind, (entry) => (rule.windowMs === null ? 0 : sliceOf(entry, rule.windowMs)));
  return [...exact, ...slices.filter((slice) => firstAppended(slice) > at).flat()];
}

function firstAppended(slice: readonly Entry[]): number {
  return Math.min(...slice.map((entry) => entry.appendedAt));
}

function groups<K>(entries: readonly Entry[], of: (entry: Entry) => K): Entry[][] {
  const found = new Map<K, Entry[]>();
  for (const entry of entries) found.set(of(entry), [...(found.get(of(entry)) ?? []), entry]);
  return [...found.values()];
}
