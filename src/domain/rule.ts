import type { Symbols } from './event/symbols.ts';
import type { EventView, FieldPlan } from './event/view.ts';
import type { Mode } from './mode.ts';

/**
 * A rule as it was written, validated and with every default filled in (contract 4).
 * Durations are integer milliseconds.
 */
export interface Rule {
  readonly name: string;
  readonly group: string;
  readonly measure: MeasureSpec;
  readonly match: Match;
  readonly groupBy: readonly GroupKey[];
  /** null for measures without a window. */
  readonly windowMs: number | null;
  readonly condition: Condition;
  readonly forMs: number;
  readonly keepFiringForMs: number;
  readonly cooldownMs: number;
  readonly severity: Severity;
  readonly simulate: boolean;
  readonly actions: readonly Action[];
  readonly overrides: readonly Override[];
  readonly exceptions: readonly Exception[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Covers meaning, not labels, annotations or place: part of decision ids. */
  readonly hash: string;
  /** Covers what the measure computes (type, match, group_by, window, fields), not thresholds: windows survive a reload by it. */
  readonly measureHash: string;
  readonly source: SourcePlace;
}

export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export type Severity = 'info' | 'warning' | 'critical';

/** `labels.<name>` groups by a label's value. Every key includes the tenant but for `global_tool`. */
export type GroupKey = 'tenant' | 'session' | 'agent' | 'tool' | 'global_tool' | `labels.${string}`;

export type MeasureSpec =
  | { readonly type: 'event_count' }
  /** Sum of a number over events of every type and phase. */
  | { readonly type: 'value_sum'; readonly field: NumberField }
  | {
      readonly type: 'duplicate_count';
      readonly fingerprint: readonly FingerprintPart[];
      /** `ok`: a repeat counts only where an earlier call of the operation is not known to have failed. */
      readonly after: 'ok' | 'any';
    }
  | { readonly type: 'loop'; readonly fingerprint: readonly FingerprintPart[]; readonly distinctOfLast: number | null }
  | { readonly type: 'session_total'; readonly field: 'actions' | 'cost_usd' | 'tokens' }
  | { readonly type: 'session_age'; readonly activeWithinMs: number }
  | { readonly type: 'session_idle' };

export type MeasureType = MeasureSpec['type'];

export type NumberField = 'cost_usd' | 'tokens_in' | 'tokens_out' | 'tokens' | 'latency_ms' | `args.${string}`;

export type FingerprintPart = 'tool' | 'args' | 'idempotency_key' | `args.${string}` | `labels.${string}`;

export type Comparison = 'gt' | 'gte' | 'lt' | 'lte' | 'eq' | 'neq';

/** Judged as `value <comparison> threshold`; durations in ms, money in USD, tokens in tokens. */
export interface Condition {
  readonly comparison: Comparison;
  readonly threshold: number;
}

/** All of `require` and none of `forbid` hold. */
export interface Match {
  readonly require: readonly FieldTest[];
  readonly forbid: readonly FieldTest[];
}

/** One field against a list of globs (`*` any run, `?` one character, of text) or numeric comparisons. */
export type FieldTest =
  | { readonly field: string; readonly globs: readonly string[] }
  | { readonly field: string; readonly numbers: readonly Condition[] };

export type Action =
  | { readonly type: 'terminate_session' }
  | { readonly type: 'flip_tenant'; readonly mode: Mode | null; readonly ttlMs: number }
  | { readonly type: 'flip_global'; readonly mode: Mode | null; readonly ttlMs: number }
  | { readonly type: 'disable_tool'; readonly scope: 'tenant' | 'global'; readonly ttlMs: number };

/** The first override whose match holds for a key sets that key's condition. */
export interface Override {
  readonly match: Match;
  readonly condition: Condition;
}

/** A standing reason not to act. Globs on the key's ids; `until` is compared with the horizon. */
export interface Exception {
  readonly match: Match;
  readonly until: number | null;
  readonly comment: string;
}

export interface RuleGroup {
  readonly name: string;
  /** Actions of this group per time; null: no bound of its own. */
  readonly limit: { readonly max: number; readonly perMs: number } | null;
}

/** What a rules folder says. */
export interface RuleSet {
  readonly groups: readonly RuleGroup[];
  readonly rules: readonly Rule[];
  /** Of the whole set's meaning, for `rules.loaded`. */
  readonly hash: string;
  /** The longest window of any rule, ms: how far back a start without a checkpoint reads. */
  readonly longestWindowMs: number;
}

/** A rule set made ready for the engine: closures over views instead of text. */
export interface CompiledRuleSet {
  readonly set: RuleSet;
  readonly plan: FieldPlan;
  readonly rules: readonly CompiledRule[];
}

export interface CompiledRule {
  readonly rule: Rule;
  /**
   * True when this event feeds the rule's measure: its match, its default event type and phase, and
   * blocked calls only where the match names them. Bound to one partition's symbols by {@link bind}.
   */
  readonly bind: (symbols: Symbols) => (view: EventView) => boolean;
  /**
   * Index into `view.slots` for each thing that the measure reads, in the order of its spec (the one field, or the
   * fingerprint parts); -1 for what stands in the view itself (`cost_usd`, `tool`, `args`, `idempotency_key`).
   * Empty where the measure reads nothing but that the event is there.
   */
  readonly slots: readonly number[];
  /** Index into `view.slots` for each `labels.x` of group_by, in order; -1 for other parts. */
  readonly groupSlots: readonly number[];
  /** The condition for a key: the first override that matches, or the rule's own. */
  readonly conditionFor: (key: KeyTexts) => Condition;
}

/** The ids of a key as text; undefined where the rule does not group by it. */
export interface KeyTexts {
  readonly tenant?: string | undefined;
  readonly session?: string | undefined;
  readonly agent?: string | undefined;
  readonly tool?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}
