import { compileCondition } from '../../domain/comparison.ts';
import type { Symbols, TextTable } from '../../domain/event/symbols.ts';
import { EVENT_TYPES, EventType, type EventView, Phase, type SlotValue, STATUSES } from '../../domain/event/view.ts';
import { compileGlobs, type TextMatcher } from '../../domain/glob.ts';
import type { Condition, FieldTest } from '../../domain/rule.ts';
import type { BoundTest, EventTest } from './event-test.ts';
import { cachedById } from './id-cache.ts';

/** Where paths like `args.to` stand in a view. */
export type SlotOf = (path: string) => number;

/**
 * Compiles the test of one field. What the event does not have is not matched.
 * @returns with a rank: tests with a lower one are cheaper and asked first.
 */
export function compileFieldTest(test: FieldTest, slotOf: SlotOf): { readonly rank: number; readonly bind: BoundTest } {
  if ('numbers' in test) return { rank: 1, bind: always(numberTest(test.field, test.numbers, slotOf)) };
  const matches = compileGlobs(test.globs);
  switch (test.field) {
    case 'type':
    case 'phase':
    case 'status':
    case 'kind':
      return { rank: 0, bind: always(WORD_TESTS[test.field](matches)) };
    case 'tool':
    case 'tenant':
    case 'agent':
    case 'error_type':
      return { rank: 2, bind: ID_TESTS[test.field](matches) };
    case 'session':
      return { rank: 3, bind: sessionTest(matches) };
    default:
      return { rank: 3, bind: always(slotTest(slotOf(test.field), matches)) };
  }
}

function always(test: EventTest): BoundTest {
  return () => test;
}

/** Fields of a few words: one look into a table of answers. */
const WORD_TESTS = {
  type: (matches: TextMatcher): EventTest => {
    const answers = EVENT_TYPES.map(matches);
    return (view) => answers[view.type]!;
  },
  status: (matches: TextMatcher): EventTest => {
    const answers = STATUSES.map(matches);
    // A call that was only begun has no status.
    return (view) => view.phase !== Phase.call && answers[view.status]!;
  },
  phase: (matches: TextMatcher): EventTest => {
    const answers: boolean[] = [];
    answers[Phase.call] = matches('call');
    answers[Phase.result] = matches('result');
    answers[Phase.whole] = matches('call') || matches('result');
    return (view) => answers[view.phase]!;
  },
  kind: (matches: TextMatcher): EventTest => {
    const [read, write] = [matches('read'), matches('write')];
    return (view) => view.type === EventType.toolCall && (view.write ? write : read);
  },
} as const;

/** Fields of interned ids: each id's text is matched once. */
const ID_TESTS = {
  tool: (matches: TextMatcher): BoundTest =>
    idTest(
      (symbols) => symbols.tools,
      matches,
      (view) => view.tool,
    ),
  tenant: (matches: TextMatcher): BoundTest =>
    idTest(
      (symbols) => symbols.tenants,
      matches,
      (view) => view.tenant,
    ),
  agent: (matches: TextMatcher): BoundTest =>
    idTest(
      (symbols) => symbols.agents,
      matches,
      (view) => view.agent,
    ),
  error_type: (matches: TextMatcher): BoundTest =>
    idTest(
      (symbols) => symbols.errorTypes,
      matches,
      (view) => view.errorType,
    ),
} as const;

function idTest(
  table: (symbols: Symbols) => TextTable,
  matches: TextMatcher,
  idOf: (view: EventView) => number,
): BoundTest {
  return (symbols) => {
    const answer = cachedById(table(symbols), matches);
    return (view) => answer(idOf(view));
  };
}

/** Sessions come and go and their ids are given again, so nothing is remembered by them. */
function sessionTest(matches: TextMatcher): BoundTest {
  return (symbols) => (view) => view.session !== 0 && matches(symbols.sessions.text(view.session));
}

function slotTest(slot: number, matches: TextMatcher): EventTest {
  return (view) => {
    const text = slotText(view.slots[slot]);
    return text !== null && matches(text);
  };
}

function slotText(value: SlotValue): string | null {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? null : String(value);
}

function numberTest(field: string, conditions: readonly Condition[], slotOf: SlotOf): EventTest {
  const readNumber = numberReader(field, slotOf);
  const tests = conditions.map(compileCondition);
  const [first] = tests;
  if (tests.length === 1) return (view) => first!(readNumber(view));
  return (view) => {
    const value = readNumber(view);
    return tests.every((test) => test(value));
  };
}

/** In natural units; NaN where the event has no such number. */
function numberReader(field: string, slotOf: SlotOf): (view: EventView) => number {
  switch (field) {
    case 'cost_usd':
      return (view) => view.cost / 1e9;
    case 'tokens_in':
      return (view) => view.tokensIn / 1e3;
    case 'tokens_out':
      return (view) => view.tokensOut / 1e3;
    case 'latency_ms':
      return (view) => view.latency / 1e3;
    default: {
      const slot = slotOf(field);
      return (view) => {
        const value = view.slots[slot];
        return typeof value === 'number' ? value : Number.NaN;
      };
    }
  }
}
