import type { GroupKey, MeasureSpec, Override, Rule, SourcePlace } from '../domain/rule.ts';
import {
  DEFAULT_ACTIVE_WITHIN_MS,
  DEFAULT_COOLDOWN_MS,
  DEFAULT_FINGERPRINT,
  DEFAULT_GROUP_BY,
  defaultActions,
  defaultSeverity,
  flipWithMode,
} from './defaults.ts';
import type { Draft } from './grammar/rule.ts';
import { measureHash, ruleHash } from './hash.ts';

/** A draft with every default filled in. */
export function buildRule(draft: Draft, group: string, source: SourcePlace): Rule {
  const measure = measureOf(draft);
  const groupBy = normalGroupBy(draft.group_by ?? DEFAULT_GROUP_BY);
  const severity = draft.severity ?? defaultSeverity(draft.actions);
  const implied = severity === 'critical' ? (defaultActions({ groupBy, measure }) ?? []) : [];
  const meaning = {
    name: draft.alert,
    group,
    measure,
    match: draft.match ?? { require: [], forbid: [] },
    groupBy,
    windowMs: ('window' in draft ? draft.window : undefined) ?? null,
    condition: draft.condition,
    forMs: draft.for ?? 0,
    keepFiringForMs: draft.keep_firing_for ?? 0,
    cooldownMs: draft.cooldown ?? DEFAULT_COOLDOWN_MS,
    severity,
    simulate: draft.simulate ?? false,
    actions: (draft.actions ?? implied).map((action) => flipWithMode(action, measure)),
    overrides: (draft.overrides ?? []) as readonly Override[],
    exceptions: draft.exceptions ?? [],
    labels: draft.labels ?? {},
    annotations: draft.annotations ?? {},
    source,
  };
  return { ...meaning, hash: ruleHash(meaning), measureHash: measureHash(meaning) };
}

function measureOf(draft: Draft): MeasureSpec {
  switch (draft.type) {
    case 'event_count':
    case 'session_idle':
      return { type: draft.type };
    case 'value_sum':
      return { type: 'value_sum', field: draft.field };
    case 'duplicate_count':
      return {
        type: 'duplicate_count',
        fingerprint: draft.fingerprint ?? DEFAULT_FINGERPRINT,
        after: draft.after ?? 'ok',
      };
    case 'loop': {
      const distinctOfLast = draft.distinct_of_last ?? null;
      return { type: 'loop', fingerprint: draft.fingerprint ?? DEFAULT_FINGERPRINT, distinctOfLast };
    }
    case 'session_total':
      return { type: 'session_total', field: draft.field };
    case 'session_age':
      return { type: 'session_age', activeWithinMs: draft.active_within ?? DEFAULT_ACTIVE_WITHIN_MS };
  }
}

const ORDER = ['tenant', 'session', 'agent', 'tool', 'global_tool'];

/** One form for one meaning: every key has the tenant, so it is named only where nothing else is; each part once, in one order. */
function normalGroupBy(written: readonly GroupKey[]): readonly GroupKey[] {
  const others = [...new Set(written)].filter((part) => part !== 'tenant');
  const rank = (part: GroupKey) => (ORDER.includes(part) ? ORDER.indexOf(part) : ORDER.length);
  others.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return others.length === 0 ? ['tenant'] : others;
}
