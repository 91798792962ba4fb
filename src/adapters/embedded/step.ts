import type { AuditType } from '../../domain/audit-record.ts';
import type { Actor, KillState, ScopedState } from '../../domain/kill-state.ts';
import type { ModeText } from '../../domain/mode.ts';
import { encodeId, parseScope, type Scope, scopeText } from '../../domain/scope.ts';
import { type AdoptionFacts, adoptFlag, disabledByHand, type Flag, setAgain } from '../../killswitch/adoption.ts';
import { flagKey, toolSetKey } from '../../killswitch/keys.ts';
import { changeType, type Draft, isTripped, modeOf, type Standing, stateOf } from '../../killswitch/standing.ts';
import type { ChangeNote } from '../../ports/kill-store.ts';
import type { Entry } from './flags.ts';
import type { KillTables } from './kill-tables.ts';

export interface ChangeWords {
  readonly type?: AuditType;
  readonly audit?: ChangeNote['audit'];
  /** The newest version that the caller knows. */
  readonly known?: number | undefined;
  /** Set by hand: the decision id is made from the version. */
  readonly byHand?: boolean;
}

/** The changes of one transaction: flag, index, order, version and outbox entry of each are written together. */
export class Step {
  readonly tables: KillTables;
  readonly now: number;
  readonly changes: ScopedState[] = [];
  readonly #adopted = new Set<string>();

  constructor(tables: KillTables) {
    this.tables = tables;
    this.now = tables.clock.now();
  }

  standing(scope: Scope): Standing {
    return this.tables.real.states.get(scopeText(scope));
  }

  /** Makes a draft the newest state of its scope. @returns it, and the id of its outbox entry. */
  change(scope: Scope, draft: Draft, words: ChangeWords = {}): { state: KillState; outboxId: string } {
    const { tables, now } = this;
    const before = this.standing(scope);
    const version = tables.takeVersion(now, [words.known, before?.version]);
    const decided = words.byHand === true ? { ...draft, decision_id: `hand:${version}` } : draft;
    const state = stateOf(decided, { at: now, version, epoch: tables.epoch.get() ?? '' });
    tables.real.states.put({ scope: scopeText(scope), state });
    this.writeFlag(scope, state.mode);
    const outboxId = tables.outbox.add({
      type: words.type ?? changeType(scope.kind, state.mode),
      scope: scopeText(scope),
      subject: state.decision_id,
      before: before?.mode ?? null,
      state,
      audit: words.audit ?? null,
      at: now,
      detail: null,
      holds: null,
    });
    this.changes.push({ scope: scopeText(scope), state });
    return { state, outboxId };
  }

  /** What was set by hand in this scope becomes a change, what was lost is set again. Of a tool: its whole set. */
  adopt(scope: Scope, actor: Actor): void {
    const key = flagKey(this.tables.keys, scope);
    if (this.#adopted.has(key)) return;
    this.#adopted.add(key);
    const facts = { now: this.now, modeWhenEnabled: this.tables.modeWhenEnabled, actor, flagKey: key };
    if (scope.kind === 'tool') this.#adoptSet(scope.tenant, facts);
    else this.#adoptSwitch(scope, facts);
  }

  /** A flag is the mode text, or gone; a disabled tool is a member of its set. */
  writeFlag(scope: Scope, mode: ModeText): void {
    const { flags, keys } = this.tables;
    const key = flagKey(keys, scope);
    if (scope.kind !== 'tool') {
      if (mode === 'none') flags.remove(key);
      else flags.put(key, { kind: 'text', text: mode, expiresAt: null });
      return;
    }
    const others = toolsIn(flags.get(key, this.now)).filter((pattern) => pattern !== scope.pattern);
    const members = mode === 'none' ? others : [...others, scope.pattern];
    if (members.length === 0) flags.remove(key);
    else flags.put(key, { kind: 'set', members, expiresAt: null });
  }

  #adoptSwitch(scope: Exclude<Scope, { kind: 'tool' }>, facts: AdoptionFacts): void {
    const standing = this.standing(scope);
    const flag = flagOf(this.tables.flags.get(facts.flagKey, this.now));
    const adoption = adoptFlag(scope, standing, flag, facts);
    if (adoption.kind === 'tidy') this.writeFlag(scope, modeOf(standing));
    else if (adoption.kind === 'by_hand') this.change(scope, adoption.draft, { byHand: true });
    else if (adoption.kind === 'lost') this.change(scope, adoption.draft, { type: 'switch.reasserted' });
  }

  #adoptSet(tenant: string | null, facts: AdoptionFacts): void {
    const { flags, keys } = this.tables;
    const entry = flags.get(toolSetKey(keys, tenant), this.now);
    const members = toolsIn(entry);
    if (entry !== null) flags.put(toolSetKey(keys, tenant), { kind: 'set', members, expiresAt: null });
    const known = disabledTools(this.tables, tenant);
    for (const pattern of members) {
      if (pattern === '' || known.has(pattern)) continue;
      const scope: Scope = { kind: 'tool', tenant, pattern };
      this.change(scope, disabledByHand(this.standing(scope), entry?.expiresAt ?? null), { byHand: true });
    }
    for (const [pattern, { state }] of known) {
      if (members.includes(pattern)) continue;
      const scope: Scope = { kind: 'tool', tenant, pattern };
      this.change(scope, setAgain(scope, state, facts), { type: 'switch.reasserted' });
    }
  }
}

/** Of a switch: what adoption looks at. Something that is no text was meant to stop something. */
export function flagOf(entry: Entry | null): Flag | null {
  if (entry === null) return null;
  return { text: entry.kind === 'text' ? entry.text : null, expiresAt: entry.expiresAt };
}

/** The patterns in a set; where something else stands, nobody can tell which tools were meant: all. */
export function toolsIn(entry: Entry | null): readonly string[] {
  if (entry === null) return [];
  return entry.kind === 'set' ? entry.members : ['*'];
}

/** Pattern → state of the tools that the index has as disabled for this tenant (null: for all). */
export function disabledTools({ real }: KillTables, tenant: string | null): Map<string, ScopedState> {
  const found = real.states.beginningWith(`tool:${tenant === null ? '' : encodeId(tenant)}:`);
  const patterns = new Map<string, ScopedState>();
  for (const each of found) {
    const scope = parseScope(each.scope);
    if (scope?.kind === 'tool' && isTripped(each.state)) patterns.set(scope.pattern, each);
  }
  return patterns;
}
