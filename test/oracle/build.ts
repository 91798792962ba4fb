import type { Condition, FieldTest, Match } from '../../src/domain/rule.ts';
import type { Scope } from '../../src/domain/scope.ts';
import type { Happening, PlainEvent, PlainRule, Setup } from './plain.ts';
import { BASE } from './telling.ts';

/** Short ways to write examples. */

export interface Example {
  /** The sentence of docs/semantics.md that it works out. */
  readonly law: string;
  readonly setup: Setup;
  readonly happenings: readonly Happening[];
  /** Lines as of telling.ts, in order. */
  readonly expect: readonly string[];
}

export function rule(name: string, changes: Partial<PlainRule>): PlainRule {
  return {
    name,
    measure: { type: 'event_count' },
    match: { require: [], forbid: [] },
    groupBy: ['session'],
    windowMs: takesWindow(changes.measure?.type) ? 640 : null,
    condition: gt(1),
    forMs: 0,
    keepFiringForMs: 0,
    overrides: [],
    ...changes,
  };
}

function takesWindow(type: PlainRule['measure']['type'] | undefined): boolean {
  return type === undefined || type === 'event_count' || type === 'value_sum' || type === 'duplicate_count';
}

export function gt(threshold: number): Condition {
  return { comparison: 'gt', threshold };
}

export function lt(threshold: number): Condition {
  return { comparison: 'lt', threshold };
}

export function match(...require: FieldTest[]): Match {
  return { require, forbid: [] };
}

export function not(...forbid: FieldTest[]): Match {
  return { require: [], forbid };
}

export function is(field: string, ...globs: string[]): FieldTest {
  return { field, globs };
}

export function setup(rules: readonly PlainRule[], changes: Partial<Setup> = {}): Setup {
  return { rules, tools: { write: [], read: ['*.read'] }, sessionEndsAfterMs: 5000, ...changes };
}

/** A happening whose offset, where it is a record, is its place among the records. */
type Step = (offset: number) => Happening;

/** A record: a call of acme's session s1 at its append time, where nothing else is said. `ts` counts from the base. */
export function rec(appendedAt: number, changes: Partial<PlainEvent> = {}): Step {
  return (offset) => {
    const ts = BASE + (changes.ts ?? appendedAt);
    const event = { event_id: `e${offset}`, tenant_id: 'acme', session_id: 's1', tool: 'mail.send', ...changes, ts };
    return { record: event, offset, appendedAt: BASE + appendedAt };
  };
}

/** An event that is no tool call. */
export function other(type: 'llm_call' | 'session_start' | 'session_end', appendedAt: number, more = {}): Step {
  return (offset) => {
    const event = { event_id: `e${offset}`, ts: BASE + appendedAt, tenant_id: 'acme', session_id: 's1', type, ...more };
    return { record: event, offset, appendedAt: BASE + appendedAt };
  };
}

export function advance(horizon: number): Step {
  return () => ({ advance: BASE + horizon });
}

export function fence(scope: Scope, at: number): Step {
  return () => ({ fence: scope, at: BASE + at });
}

export function happenings(...steps: readonly Step[]): Happening[] {
  let offset = 0;
  return steps.map((step) => {
    const happening = step(offset);
    if ('record' in happening) offset++;
    return happening;
  });
}

export function example(law: string, of: Setup, steps: readonly Step[], expect: readonly string[]): Example {
  return { law, setup: of, happenings: happenings(...steps), expect };
}
