import type { AlertIdentity, FiringAlert, Subjects } from '../domain/alert.ts';
import type { Symbols } from '../domain/event/symbols.ts';
import type { Evidence, EvidenceEvent } from '../domain/evidence.ts';
import type { Cause } from '../domain/ids.ts';
import { keyText } from '../domain/key-text.ts';
import type { MeasureSpec, Rule } from '../domain/rule.ts';
import type { Contributor } from './contributors.ts';
import type { Keys } from './keys.ts';
import { SUBJECT_SESSIONS } from './limits.ts';
import type { Explanation, Measure, Test } from './measure.ts';

/** A rule at work, as far as its alerts tell of it. */
export interface Explained {
  readonly rule: Rule;
  readonly measure: Measure;
  readonly keys: Keys;
  readonly symbols: Symbols;
  /** What the condition of that key compares with. */
  testOf(row: number): Test;
  /** Brings a key up to the horizon; false when that was its end. */
  settleRow(row: number): boolean;
}

/** What is known of an event beyond its entry, kept while it may become the deciding one. */
export interface KnownEvent {
  readonly offset: number;
  readonly eventId: string;
  readonly ts: number;
}

/** The key that an alert is about, and the log that its events are in. */
export interface Site {
  readonly log: { readonly topic: string; readonly partition: number };
  readonly runner: Explained;
  readonly row: number;
  /** The horizon. */
  readonly at: number;
}

export function identity(runner: Explained, row: number, at: number): AlertIdentity {
  const key = runner.keys.texts(row);
  return { rule: runner.rule, key, keyText: keyText(key), at };
}

/** The alert as it stands. @param known what is known of the event that may be the deciding one */
export function firingAlert(site: Site, cause: Cause, known: KnownEvent | null): FiringAlert {
  const { runner, row } = site;
  const explanation = runner.measure.explain(row);
  const { events, newest } = explanation.contributors;
  const deciding = events.at(-1) ?? null;
  const isKnown = known !== null && deciding !== null && known.offset === deciding.offset;
  return {
    state: 'firing',
    ...identity(runner, row, site.at),
    evidence: {
      measure: measureText(runner.rule.measure),
      value: explanation.value,
      threshold: runner.testOf(row).threshold,
      score: null,
      window_ms: runner.rule.windowMs,
      window_end: explanation.windowEnd,
      events: evidenceEvents(site, events, isKnown ? known.eventId : null),
    },
    cause,
    evidenceAppendedAt: greatestAppendTime(events, newest),
    eventTs: eventTs(explanation, deciding, isKnown ? known : null),
    subjects: subjects(runner, row, explanation),
  };
}

/** The same, as if it fired now: its cause is the newest record that contributes. */
export function holdingAlert(site: Site): FiringAlert {
  const { newest } = site.runner.measure.explain(site.row).contributors;
  const { partition } = site.log;
  const cause: Cause =
    newest === null
      ? { kind: 'timer', partition, due: site.at }
      : { kind: 'record', partition, offset: newest.offset, appendedAt: newest.appendedAt };
  return firingAlert(site, cause, null);
}

function measureText(measure: MeasureSpec): string {
  return 'field' in measure ? `${measure.type}:${measure.field}` : measure.type;
}

function evidenceEvents(site: Site, events: readonly Contributor[], eventId: string | null): Evidence['events'] {
  const positions = events.map(({ offset }): EvidenceEvent => ({ ...site.log, offset }));
  const deciding = positions.pop();
  if (deciding === undefined) return [];
  return [...positions, eventId === null ? deciding : { ...deciding, event_id: eventId }];
}

function greatestAppendTime(events: readonly Contributor[], newest: Contributor | null): number {
  return events.reduce((greatest, event) => Math.max(greatest, event.appendedAt), newest?.appendedAt ?? 0);
}

function eventTs({ ofTime }: Explanation, deciding: Contributor | null, known: KnownEvent | null): number | null {
  if (known !== null) return known.ts;
  return ofTime || deciding === null ? null : deciding.time;
}

function subjects({ keys, symbols }: Explained, row: number, explanation: Explanation): Subjects {
  const { tenants, sessions, tools } = symbols;
  const ids = keys.session(row) === 0 ? (explanation.sessions ?? []) : [keys.session(row)];
  const tool = keys.tool(row) || explanation.tool;
  return {
    sessions: ids.slice(0, SUBJECT_SESSIONS).map((session) => ({
      tenant: tenants.text(sessions.tenant(session)),
      session: sessions.text(session),
    })),
    tool: tools.text(tool) || null,
  };
}
