import type { CompiledRule } from '../../domain/rule.ts';
import { keyKind } from '../keys.ts';
import type { Core, Measure } from '../measure.ts';
import { DistinctCalls } from './distinct-calls.ts';
import { DuplicateCount } from './duplicate-count.ts';
import { EventCount } from './event-count.ts';
import { Loop } from './loop.ts';
import { SessionAge } from './session-age.ts';
import { SessionIdle } from './session-idle.ts';
import { SessionTotal } from './session-total.ts';
import { ValueSum } from './value-sum.ts';

/** The measure of a rule. */
export function makeMeasure(compiled: CompiledRule, core: Core): Measure {
  const { measure, windowMs, groupBy } = compiled.rule;
  const endsWithSession = keyKind(groupBy) === 'session';
  const reach = endsWithSession ? 'session' : groupBy.includes('session') ? 'of_session' : 'wide';
  switch (measure.type) {
    case 'event_count':
      return new EventCount(core, windowMs ?? 0, endsWithSession);
    case 'value_sum':
      return new ValueSum(core, measure.field, compiled.slots[0] ?? -1, windowMs ?? 0, endsWithSession);
    case 'duplicate_count':
      return new DuplicateCount(core, compiled, reach);
    case 'loop':
      if (measure.distinctOfLast !== null) return new DistinctCalls(core, compiled, reach);
      return new Loop(core, compiled, reach);
    case 'session_total':
      return new SessionTotal(core, measure.field);
    case 'session_age':
      return new SessionAge(core, measure.activeWithinMs);
    case 'session_idle':
      return new SessionIdle(core);
  }
}
