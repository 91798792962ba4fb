import { MAX_SUM, unitsPer } from './event-facts.ts';
import { type Content, clockOf, contentOf, type Entry, inTimeOrder, type Key, type KeyLife } from './key-life.ts';
import type { PlainRule, Telling } from './plain.ts';

/** What a key's measure comes to now, recomputed from its entries. */
export interface Measured {
  readonly value: number;
  readonly windowEnd: number;
  readonly telling: Telling;
}

/** null when the measure is not judged now. */
export function measure(key: Key, horizon: number, fence: number): Measured | null {
  const { rule, life } = key;
  if (life === null) return null;
  switch (rule.measure.type) {
    case 'event_count':
    case 'value_sum':
      return isWhole(rule, life) ? windowTotal(key, life, horizon) : null;
    case 'duplicate_count':
      return isWhole(rule, life) ? mostRepeated(key, life, horizon) : null;
    case 'loop':
      if (rule.measure.distinctOfLast !== null) return distinctOfLast(key, life, horizon, rule.measure.distinctOfLast);
      return isWhole(rule, life) ? mostRepeated(key, life, horizon) : null;
    case 'session_total':
      return sessionTotal(key, life);
    case 'session_age':
      return sessionAge(key, life, horizon, fence, rule.measure.activeWithinMs);
    case 'session_idle':
      return sessionIdle(key, life, horizon, fence);
  }
}

/** `lt`, `lte`, `eq` and `neq` wait until the window reaches back to the key's first event. */
function isWhole(rule: PlainRule, life: KeyLife): boolean {
  if (rule.windowMs === null || rule.condition.comparison === 'gt' || rule.condition.comparison === 'gte') return true;
  return life.lo >= life.first;
}

function windowTotal(key: Key, life: KeyLife, horizon: number): Measured {
  const content = contentOf(inTimeOrder(life.entries), key.rule.windowMs!, life.lo);
  const counted = [...content.exact, ...content.sliced];
  return {
    value: key.rule.measure.type === 'value_sum' ? sum(counted, key.rule.measure.field) : counted.length,
    windowEnd: clockOf(life, horizon),
    telling: tell(key, content.exact),
  };
}

/** Exact, saturating at 2^53 - 1 units. */
function sum(entries: readonly Entry[], field: string): number {
  const units = entries.reduce((total, entry) => total + BigInt(entry.units), 0n);
  return (units > BigInt(MAX_SUM) ? MAX_SUM : Number(units)) / unitsPer(field);
}

function mostRepeated(key: Key, life: KeyLife, horizon: number): Measured {
  const entries = key.rule.windowMs === null ? life.entries : inTimeOrder(life.entries);
  const operations = [...new Set(entries.map((entry) => entry.operation))].map((operation) => {
    const calls = entries.filter((entry) => entry.operation === operation);
    const content = operationContent(key.rule, life, calls);
    const lastArrival = Math.max(...calls.map((call) => call.arrival));
    return { content, lastArrival, value: operationValue(key.rule, content) };
  });
  const present = operations.filter(({ content }) => content.exact.length > 0);
  const value = Math.max(...present.map((operation) => operation.value));
  const most = present.filter((operation) => operation.value === value);
  return {
    value,
    windowEnd: key.rule.windowMs === null ? greatestTime(life.entries) : clockOf(life, horizon),
    telling: tell(key, calledLast(most).content.exact),
  };
}

function calledLast<T extends { readonly lastArrival: number }>(operations: readonly T[]): T {
  return operations.toSorted((a, b) => b.lastArrival - a.lastArrival)[0]!;
}

function operationContent(rule: PlainRule, life: KeyLife, calls: readonly Entry[]): Content {
  if (rule.windowMs === null) {
    return { exact: calls.filter((call) => !call.pushedOut), sliced: calls.filter((call) => call.pushedOut) };
  }
  return contentOf(calls, rule.windowMs, life.lo);
}

function operationValue(rule: PlainRule, { exact, sliced }: Content): number {
  const calls = [...sliced, ...exact];
  if (rule.measure.type === 'loop') return calls.length;
  if (rule.measure.type === 'duplicate_count' && rule.measure.after === 'any') return Math.max(calls.length - 1, 0);
  const first = calls.findIndex((call) => call.failedAt === null || sliced.includes(call));
  return first < 0 ? 0 : calls.length - 1 - first;
}

function distinctOfLast(key: Key, life: KeyLife, horizon: number, count: number): Measured | null {
  const inside = key.rule.windowMs === null ? life.entries : life.entries.filter((call) => call.effective > life.lo);
  if (inside.length < count) return null;
  return {
    value: new Set(inside.map((call) => call.operation)).size,
    windowEnd: key.rule.windowMs === null ? greatestTime(life.entries) : clockOf(life, horizon),
    telling: tell(key, inside),
  };
}

function sessionTotal(key: Key, life: KeyLife): Measured | null {
  if (life.entries.length === 0 || key.rule.measure.type !== 'session_total') return null;
  const { field } = key.rule.measure;
  return {
    value: field === 'actions' ? life.entries.length : sum(life.entries, field),
    windowEnd: greatestTime(life.entries),
    telling: tell(
      key,
      life.entries.filter((entry) => !entry.pushedOut),
    ),
  };
}

function sessionAge(key: Key, life: KeyLife, horizon: number, fence: number, activeWithinMs: number): Measured | null {
  const [first, newest] = [life.entries[0]!, life.entries.at(-1)!];
  if (!isAfterFence(life, fence) || horizon - newest.horizon >= activeWithinMs) return null;
  const begin = Math.max(first.horizon, fence);
  return { value: horizon - begin, windowEnd: horizon, telling: tell(key, [newest], life.entries) };
}

function sessionIdle(key: Key, life: KeyLife, horizon: number, fence: number): Measured | null {
  const newest = life.entries.at(-1)!;
  if (!isAfterFence(life, fence)) return null;
  return { value: horizon - newest.horizon, windowEnd: horizon, telling: tell(key, [newest], life.entries) };
}

function isAfterFence(life: KeyLife, fence: number): boolean {
  return life.entries.some((entry) => entry.appendedAt > fence);
}

function greatestTime(entries: readonly Entry[]): number {
  return Math.max(...entries.map((entry) => entry.effective));
}

/** @param contributing oldest first; @param named those of them that the evidence may name */
function tell(key: Key, named: readonly Entry[], contributing: readonly Entry[] = named): Telling {
  return {
    evidence: named.slice(-20).map((entry) => entry.offset),
    evidenceAppendedAt: Math.max(...contributing.map((entry) => entry.appendedAt)),
    sessions: sessionsOf(key, contributing),
    tool: toolOf(key, contributing),
  };
}

function sessionsOf(key: Key, contributing: readonly Entry[]): Telling['sessions'] {
  const { tenant, session } = key.texts;
  if (session !== undefined) return [{ tenant: tenant!, session, calls: contributing.length }];
  if (!hasOperations(key.rule)) return [];
  const counts = new Map<string, { tenant: string; session: string; calls: number }>();
  for (const { event } of contributing) {
    const name = JSON.stringify([event.tenant_id, event.session_id]);
    const count = counts.get(name) ?? { tenant: event.tenant_id, session: event.session_id, calls: 0 };
    counts.set(name, { ...count, calls: count.calls + 1 });
  }
  return [...counts.values()].sort((a, b) => b.calls - a.calls);
}

function toolOf(key: Key, contributing: readonly Entry[]): string | null {
  if (key.texts.tool !== undefined) return key.texts.tool;
  if (!hasOperations(key.rule)) return null;
  const tools = new Set(contributing.map((entry) => entry.event.tool));
  return tools.size === 1 ? ([...tools][0] ?? null) : null;
}

function hasOperations(rule: PlainRule): boolean {
  return rule.measure.type === 'duplicate_count' || rule.measure.type === 'loop';
}
