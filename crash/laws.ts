import { verifyChains } from '../src/audit/verify.ts';
import type { AuditRecord, AuditType } from '../src/domain/audit-record.ts';
import { scopeText } from '../src/domain/scope.ts';
import type { Account } from './account.ts';
import { type Expected, expectedOf } from './expected.ts';
import type { Verdict } from './incident.ts';

/** What must hold whatever was killed when. */
export interface Law {
  readonly name: string;
  /** How the account breaks it: one sentence each, with the session or the record. */
  readonly broken: (account: Account) => readonly string[];
}

export const LAWS: readonly Law[] = [
  { name: 'every incident is decided once, by its own call, and nothing else is', broken: decidedOnce },
  { name: 'a restored scope is stopped only by what came after its restore', broken: restored },
  { name: 'every incident is told as an alert, once', broken: alerted },
  { name: 'the kill state is what the plan says', broken: stateIsRight },
  { name: 'the topic of states says the same as the store', broken: statePublished },
  { name: 'no change without its record, no record without its change', broken: recorded },
  { name: 'audit records of one id are identical but for `chain`', broken: identical },
  { name: 'the chains of all writers are whole', broken: chained },
  { name: 'nothing is rejected, fails or complains', broken: quiet },
];

/** The laws that an account breaks, with how. */
export function brokenLaws(account: Account): readonly string[] {
  return LAWS.flatMap(({ name, broken }) => broken(account).map((sentence) => `${name}: ${sentence}`));
}

const STOPS: readonly AuditType[] = ['session.terminated', 'switch.tripped'];

function decidedOnce({ plan, records, places }: Account): string[] {
  const expected = expectedOf(plan);
  const stops = byScope(once(records).filter(({ type, actor }) => STOPS.includes(type) && actor.kind === 'sentinel'));
  return [...new Set([...expected.keys(), ...stops.keys()])].flatMap((scope) => {
    const { verdicts } = expected.get(scope) ?? { verdicts: [] };
    const made = stops.get(scope) ?? [];
    if (made.length !== verdicts.length || new Set(made.map(({ decision_id }) => decision_id)).size !== made.length) {
      const ids = made.map(({ decision_id }) => decision_id).join(', ');
      return [`${scope} was stopped ${made.length} times (decisions ${ids || 'none'}), expected ${verdicts.length}`];
    }
    return verdicts.flatMap((verdict, n) => otherVerdict(scope, made[n]!, verdict, places));
  });
}

function otherVerdict(scope: string, record: AuditRecord, verdict: Verdict, places: Account['places']): string[] {
  const { rule, evidence } = record;
  const last = evidence?.events.at(-1);
  const place = places.get(verdict.decidedBy);
  const said = verdictText(rule?.name, last?.event_id, evidence?.value, evidence?.threshold);
  const meant = verdictText(verdict.rule, verdict.decidedBy, verdict.value, verdict.threshold);
  if (said !== meant) return [`${scope} was stopped by ${said}, expected ${meant}`];
  if (last?.partition === place?.partition && last?.offset === place?.offset) return [];
  return [`${scope}: ${verdict.decidedBy} stands at ${placeText(place)}, the evidence says ${placeText(last)}`];
}

function verdictText(...[rule, event, value, threshold]: (string | number | undefined)[]): string {
  return `${rule} at ${event} with ${value}, limit ${threshold}`;
}

function placeText(place: { readonly partition: number; readonly offset: number } | undefined): string {
  return place === undefined ? 'no place' : `${place.partition}/${place.offset}`;
}

/** By the changes of its state, in the order of their versions. */
function restored({ plan, records, states }: Account): string[] {
  const changes = changesOf(records);
  const fences = new Map(states.map(({ scope, state }) => [scope, state.fence]));
  return plan.restores.flatMap(({ scope }) => {
    const made = changes.get(scope) ?? [];
    const at = made.findIndex(({ actor }) => actor.kind === 'operator');
    const fence = fences.get(scope) ?? null;
    const lifts = made.filter(({ actor }) => actor.kind === 'operator').length;
    if (lifts !== 1) return [`${scope} was restored ${lifts} times by the records, expected 1`];
    if (fence === null) return [`${scope} was restored and has no fence`];
    return made.slice(at + 1).flatMap(({ decision_id, timing }) => {
      const appendedAt = timing?.appended_at ?? 0;
      const why = `its evidence is of ${appendedAt}, its restore of ${fence}`;
      return appendedAt > fence ? [] : [`${scope} was stopped again by decision ${decision_id}: ${why}`];
    });
  });
}

/**
 * An alert is written by the daemon itself, not with the change: what it had not told when it was killed, its successor
 * tells when it reads the events again. Where they lie before a restore it sees them no more.
 */
function alerted({ plan, records }: Account): string[] {
  const firing = byScope(once(records).filter(({ type }) => type === 'alert.firing'));
  const expected = expectedOf(plan);
  return [...new Set([...expected.keys(), ...firing.keys()])].flatMap((scope) => {
    const { verdicts, isRestored } = expected.get(scope) ?? { verdicts: [], isRestored: false };
    const told = firing.get(scope)?.length ?? 0;
    const least = isRestored ? verdicts.length - 1 : verdicts.length;
    return told >= least && told <= verdicts.length ? [] : [`${scope} has ${told} alerts, expected ${verdicts.length}`];
  });
}

function stateIsRight({ plan, states }: Account): string[] {
  const expected = expectedOf(plan);
  const modes = new Map(states.map(({ scope, state }) => [scope, state.mode]));
  return [...new Set([...expected.keys(), ...modes.keys()])].flatMap((scope) => {
    const meant = modeOf(expected.get(scope));
    const mode = modes.get(scope) ?? 'never changed';
    return mode === meant ? [] : [`${scope} stands at ${mode}, expected ${meant}`];
  });
}

function modeOf(expected: Expected | undefined): string {
  if (expected === undefined) return 'never changed';
  return expected.isStopped ? 'stop_all' : 'none';
}

function statePublished({ states, published }: Account): string[] {
  const newest = new Map<string, string>();
  const versions = new Map<string, number>();
  for (const { scope, state } of published) {
    if (state.version < (versions.get(scope) ?? 0)) continue;
    versions.set(scope, state.version);
    newest.set(scope, JSON.stringify(state));
  }
  const standing = new Map(states.map(({ scope, state }) => [scope, JSON.stringify(state)]));
  return [...new Set([...newest.keys(), ...standing.keys()])].flatMap((scope) =>
    newest.get(scope) === standing.get(scope)
      ? []
      : [
          `${scope} is ${standing.get(scope) ?? 'not there'} in the store and ${newest.get(scope) ?? 'not there'} in the topic`,
        ],
  );
}

/**
 * Each change names what stood before it: read in the order of versions, a scope's records tell its whole history. The
 * topic of states may have forgotten older ones: it is compacted.
 */
function recorded({ records, states, published }: Account): string[] {
  const changes = changesOf(records);
  const told = new Set([...changes].flatMap(([scope, made]) => made.map(({ state }) => `${scope} ${state?.version}`)));
  const made = new Set([...states, ...published].map(({ scope, state }) => `${scope} ${state.version}`));
  const silent = [...made].filter((change) => !told.has(change)).map((change) => `${change} has no record`);
  const newest = [...changes].map(([scope, all]) => `${scope} ${all.at(-1)?.state?.version}`);
  const untrue = newest.filter((change) => !made.has(change)).map((change) => `${change} has a record and is no state`);
  const gaps = [...changes].flatMap(([scope, all]) =>
    all.flatMap(({ id, state }, n) => {
      const before = all[n - 1]?.state?.after ?? 'none';
      return (state?.before ?? 'none') === before
        ? []
        : [`${scope}: record ${id} follows ${state?.before}, but ${before} stood there`];
    }),
  );
  return [...silent, ...untrue, ...gaps];
}

function identical({ records }: Account): string[] {
  const known = new Map<string, string>();
  return records.flatMap(({ chain: _, ...facts }) => {
    const bytes = JSON.stringify(facts);
    const before = known.get(facts.id);
    known.set(facts.id, bytes);
    return before === undefined || before === bytes ? [] : [`record ${facts.id} is\n  ${before}\n  and ${bytes}`];
  });
}

function chained({ records }: Account): string[] {
  return verifyChains(records).map(({ writer, seq, fault }) => `record ${seq} of writer ${writer} is ${fault}`);
}

function quiet({ records, deadLetters, complaints }: Account): string[] {
  const trouble = once(records).filter(({ type }) => type === 'decision.failed' || type === 'limit.reached');
  return [
    ...trouble.map(({ id, type, reason }) => `record ${id}, ${type}: ${reason}`),
    ...(deadLetters === 0 ? [] : [`${deadLetters} events were dead-lettered`]),
    ...complaints,
  ];
}

/** Records that were written twice count once. */
function once(records: readonly AuditRecord[]): readonly AuditRecord[] {
  return [...new Map(records.map((record) => [record.id, record])).values()];
}

/** Records of changes of state, by scope, in the order of their versions. */
function changesOf(records: readonly AuditRecord[]): ReadonlyMap<string, readonly AuditRecord[]> {
  return byScope(once(records).filter(({ state }) => state !== null));
}

function byScope(records: readonly AuditRecord[]): ReadonlyMap<string, readonly AuditRecord[]> {
  const scopes = new Map<string, AuditRecord[]>();
  for (const record of records) {
    const scope = scopeOf(record);
    scopes.set(scope, [...(scopes.get(scope) ?? []), record]);
  }
  for (const made of scopes.values()) made.sort((a, b) => (a.state?.version ?? 0) - (b.state?.version ?? 0));
  return scopes;
}

function scopeOf({ tenant_id: tenant, session_id: session }: AuditRecord): string {
  if (tenant === null) return 'global';
  return scopeText(session === null ? { kind: 'tenant', tenant } : { kind: 'session', tenant, session });
}
