import { EventType, type EventView, Phase, Status } from '../../domain/event/view.ts';
import { compileGlobs } from '../../domain/glob.ts';
import type { FieldTest, Match, MeasureSpec, Rule } from '../../domain/rule.ts';
import { and, type EventTest } from './event-test.ts';

/** Fields that only the outcome of a call has: a rule that names one of them sees results, others see calls. */
const OUTCOME_FIELDS: readonly string[] = ['status', 'error_type', 'latency_ms'];

/** The outcome field that a match names; null when it names none. */
export function outcomeField(match: Match): string | null {
  return [...match.require, ...match.forbid].find(({ field }) => OUTCOME_FIELDS.includes(field))?.field ?? null;
}

/** What a rule sees where its match does not say: type, phase, and no blocked calls. null: everything. */
export function defaultFilter(rule: Pick<Rule, 'match' | 'measure'>): EventTest | null {
  return and([typeFilter(rule), phaseFilter(rule), blockedFilter(rule.match)].filter((test) => test !== null));
}

function typeFilter({ match, measure }: Pick<Rule, 'match' | 'measure'>): EventTest | null {
  return countsCalls(measure) && required(match, 'type') === undefined ? isToolCall : null;
}

function phaseFilter({ match, measure }: Pick<Rule, 'match' | 'measure'>): EventTest | null {
  if (required(match, 'phase') !== undefined) return null;
  if (outcomeField(match) !== null) return isResult;
  return countsCalls(measure) ? isCall : null;
}

/** Blocked calls feed nothing, unless the match names them. */
function blockedFilter(match: Match): EventTest | null {
  const status = required(match, 'status');
  return status !== undefined && 'globs' in status && compileGlobs(status.globs)('blocked') ? null : isNotBlocked;
}

/** Measures of calls; the others add up numbers of whatever happens, or the time since. */
function countsCalls(measure: MeasureSpec): boolean {
  switch (measure.type) {
    case 'event_count':
    case 'duplicate_count':
    case 'loop':
      return true;
    case 'session_total':
      return measure.field === 'actions';
    case 'value_sum':
    case 'session_age':
    case 'session_idle':
      return false;
  }
}

function required(match: Match, field: string): FieldTest | undefined {
  return match.require.find((test) => test.field === field);
}

const isToolCall: EventTest = (view: EventView) => view.type === EventType.toolCall;
const isCall: EventTest = (view: EventView) => view.phase !== Phase.result;
const isResult: EventTest = (view: EventView) => view.phase !== Phase.call;
const isNotBlocked: EventTest = (view: EventView) => view.status !== Status.blocked;
