import type { Actor, KillState, ScopedState } from '../../domain/kill-state.ts';
import { parseScope, type Scope, scopeText } from '../../domain/scope.ts';
import { flagKey, scopeOfFlag, tenantOfToolSet } from '../../killswitch/keys.ts';
import type { LimitBook } from '../../killswitch/limits.ts';
import { isTripped, type Standing, stateOf, WEEK_MS } from '../../killswitch/standing.ts';
import {
  expireDraft,
  type FinalRuling,
  judgeClear,
  judgeEscalation,
  judgeTrip,
  reassertDraft,
  renewDraft,
  takesIn,
} from '../../killswitch/transition.ts';
import type { ChangeNote, ChangeOutcome, ClearRequest, TrippedLimit, TripRequest } from '../../ports/kill-store.ts';
import type { KillTables, Space } from './kill-tables.ts';
import { disabledTools, flagOf, Step } from './step.ts';

/** How many scopes one transaction takes: other writers wait that long at most. */
const PER_STEP = 500;

/** Every change of kill state, each one transaction. What may change is judged by killswitch/transition.ts. */
export class Changes {
  readonly #tables: KillTables;
  readonly #committed: () => void;

  /** `committed` is called after every transaction that changed something. */
  constructor(tables: KillTables, committed: () => void) {
    this.#tables = tables;
    this.#committed = committed;
  }

  trip(request: TripRequest): ChangeOutcome {
    return this.#step((step) => {
      step.adopt(request.scope, request.actor);
      const space = request.simulate === true ? step.tables.shadow : step.tables.real;
      const ruling = judgeTrip(request, this.#tripFacts(step, space, request));
      if (ruling.status !== 'escalate') return settle(step, space, request.scope, request, ruling, false);
      const scope: Scope = { kind: 'tenant', tenant: ruling.tenant };
      step.adopt(scope, request.actor);
      const facts = { now: step.now, standing: standingIn(step, space, scope), book: bookOf(step, space) };
      return settle(step, space, scope, request, judgeEscalation(request, ruling.why, facts), true);
    });
  }

  clear(request: ClearRequest): ChangeOutcome {
    return this.#step((step) => {
      step.adopt(request.scope, request.actor);
      const { real } = step.tables;
      const repeated = real.decisions.wasApplied(request.decisionId, step.now);
      const ruling = judgeClear(request, { now: step.now, standing: step.standing(request.scope), repeated });
      return settle(step, real, request.scope, request, ruling, false);
    });
  }

  adopt(scopes: readonly Scope[], actor: Actor): ScopedState[] {
    return this.#inSteps(scopes, (step, scope) => step.adopt(scope, actor));
  }

  /** Looks at every flag and set, and at every tripped switch. */
  adoptAll(actor: Actor): ScopedState[] {
    const { store } = this.#tables;
    return this.adopt(
      store.read(() => [...flaggedScopes(this.#tables), ...trippedScopes(this.#tables)]),
      actor,
    );
  }

  expire(callersNow: number, actor: Actor): ScopedState[] {
    const changes: ScopedState[] = [];
    for (;;) {
      let more = false;
      const done = this.#step((step) => {
        more = expireSome(step, callersNow, actor);
        return step.changes;
      });
      changes.push(...done);
      if (!more) return changes;
    }
  }

  renew(scope: Scope, actor: Actor): ChangeOutcome {
    return this.#step((step) => {
      step.adopt(scope, actor);
      const before = step.standing(scope);
      const draft = renewDraft(scope, before, step.now, actor);
      if (draft === null) return { status: 'unchanged', state: before };
      const { state, outboxId } = step.change(scope, draft, { type: 'session.renewed' });
      return { status: 'applied', scope, state, before, outboxId, escalated: false };
    });
  }

  reassert(states: readonly ScopedState[], actor: Actor): ScopedState[] {
    return this.#inSteps(states, (step, { scope: text, state: known }) => {
      const scope = parseScope(text);
      if (scope === null || !isTripped(known)) return;
      step.adopt(scope, actor);
      const draft = reassertDraft(step.standing(scope), known, actor);
      if (draft !== null) step.change(scope, draft, { type: 'switch.reasserted', known: known.version });
    });
  }

  /** @returns the new epoch. */
  initialise(states: readonly ScopedState[], limits: readonly TrippedLimit[], actor: Actor, epoch: string): string {
    this.#inSteps(states, takeIn);
    // The topic does not have yet what waits for it.
    this.#takeOutbox();
    this.#inSteps(limits, ({ tables }, limit) => tables.real.spending.trip(limit));
    this.adoptAll(actor);
    return this.#step((step) => {
      step.tables.raiseVersion(step.now);
      step.tables.epoch.set(epoch);
      return epoch;
    });
  }

  sweep(limit: number): string[] {
    return this.#step(({ tables, now }) => {
      const swept = tables.real.states.forgettableBefore(now, limit);
      for (const scope of swept) tables.real.states.remove(scope);
      for (const { decisions } of [tables.real, tables.shadow]) decisions.sweep(now, limit);
      for (const { scope, state } of tables.shadow.states.after(0, limit)) {
        if (now - state.at > WEEK_MS) tables.shadow.states.remove(scope);
      }
      tables.fleet.sweep(now, limit);
      return swept;
    });
  }

  rearm(name: string | null, actor: Actor): string[] {
    return this.#step(({ tables, now }) => {
      tables.shadow.spending.rearm(name);
      const names = tables.real.spending.rearm(name);
      for (const each of names) {
        tables.outbox.add(limitNote(each, now, `${each}: re-armed by ${actor.kind} ${actor.id}`, false));
      }
      return names;
    });
  }

  #tripFacts(step: Step, space: Space, request: TripRequest): Parameters<typeof judgeTrip>[1] {
    const waiting = step.tables.outbox.count();
    return {
      now: step.now,
      standing: standingIn(step, space, request.scope),
      repeated: space.decisions.wasApplied(request.decisionId, step.now),
      initialised: step.tables.epoch.get() !== null,
      outboxFull: waiting >= step.tables.outboxMax ? waiting : null,
      book: bookOf(step, space),
    };
  }

  #takeOutbox(): void {
    const { store, outbox } = this.#tables;
    for (let after: string | null = null; ; ) {
      const entries = store.read(() => outbox.after(after, PER_STEP));
      const states = entries.flatMap(({ note: { scope, state } }) => (state === null ? [] : [{ scope, state }]));
      this.#inSteps(states, takeIn);
      after = entries.at(-1)?.id ?? null;
      if (after === null) return;
    }
  }

  #step<T>(run: (step: Step) => T): T {
    const result = this.#tables.store.write(() => run(new Step(this.#tables)));
    this.#committed();
    return result;
  }

  #inSteps<T>(items: readonly T[], each: (step: Step, item: T) => void): ScopedState[] {
    const changes: ScopedState[] = [];
    for (let first = 0; first < items.length; first += PER_STEP) {
      const some = items.slice(first, first + PER_STEP);
      const done = this.#step((step) => {
        for (const item of some) each(step, item);
        return step.changes;
      });
      changes.push(...done);
    }
    return changes;
  }
}

type Decided = Pick<TripRequest, 'decisionId' | 'knownVersion'> & Partial<Pick<TripRequest, 'audit'>>;

/** Makes a ruling true. */
function settle(
  step: Step,
  space: Space,
  scope: Scope,
  request: Decided & { readonly scope: Scope },
  ruling: FinalRuling,
  escalated: boolean,
): ChangeOutcome {
  const { now, tables } = step;
  switch (ruling.status) {
    case 'repeated':
    case 'unchanged':
      return { status: ruling.status, state: space.states.get(scopeText(request.scope)) };
    case 'refused':
      if (ruling.reached !== undefined) reachLimit(step, space, ruling.reached);
      return { status: 'refused', code: ruling.code, detail: ruling.detail };
    case 'change': {
      for (const account of ruling.spends) space.spending.spend(account, now);
      space.decisions.remember(request.decisionId, now);
      if (space.shadow) {
        const state = stateOf(ruling.draft, { at: now, version: now * 1000, epoch: tables.epoch.get() ?? '' });
        space.states.put({ scope: scopeText(scope), state });
        return { status: 'simulated', state };
      }
      const before = step.standing(scope);
      const words = { audit: request.audit ?? null, known: request.knownVersion };
      return { status: 'applied', scope, before, escalated, ...step.change(scope, ruling.draft, words) };
    }
  }
}

/** What a trip adds to: in the shadow the shadow's own switch while it lasts, with the real scope's fence and hold. */
function standingIn(step: Step, space: Space, scope: Scope): Standing {
  const real = step.standing(scope);
  if (!space.shadow) return real;
  const shadow = space.states.get(scopeText(scope));
  const ended = shadow !== null && shadow.expires_at !== null && shadow.expires_at <= step.now;
  const state: Standing = ended ? { ...shadow, mode: 'none' } : shadow;
  if (real === null) return state;
  const { fence, hold_until } = real;
  return { ...(state ?? { ...real, mode: 'none' }), fence, hold_until };
}

function bookOf(step: Step, space: Space): LimitBook {
  return space.spending.book((withinMs) => step.tables.fleet.activeSessions(withinMs, step.now));
}

function reachLimit({ tables, now }: Step, space: Space, { name, detail }: { name: string; detail: string }): void {
  space.spending.trip({ name, at: now, detail });
  if (!space.shadow) tables.outbox.add(limitNote(name, now, detail, true));
}

function limitNote(name: string, at: number, detail: string, holds: boolean): ChangeNote {
  const note = {
    type: 'limit.reached',
    scope: 'global',
    subject: name,
    before: null,
    state: null,
    audit: null,
  } as const;
  return { ...note, at, detail, holds };
}

/** @returns true when there may be more. */
function expireSome(step: Step, callersNow: number, actor: Actor): boolean {
  const dueBy = Math.min(step.now, callersNow);
  const due = step.tables.real.states.dueBy(dueBy, PER_STEP);
  for (const text of due) {
    const scope = parseScope(text);
    if (scope === null) continue;
    step.adopt(scope, actor);
    const draft = expireDraft(step.standing(scope), dueBy, step.now, actor);
    if (draft !== null) step.change(scope, draft);
  }
  return due.length === PER_STEP;
}

/** A state as the topic has it; the greater version of a scope stands, with its flag unless a hand was on that. */
function takeIn(step: Step, { scope: text, state }: ScopedState): void {
  const scope = parseScope(text);
  if (scope === null) return;
  const standing = step.standing(scope);
  if (!takesIn(standing, state)) return;
  const follows = flagFollows(step, scope, standing, state);
  step.tables.real.states.put({ scope: text, state });
  step.tables.real.decisions.remember(state.decision_id, state.at);
  if (follows) step.writeFlag(scope, state.mode);
}

/** May the flag follow a state that is taken in? Not where somebody set it by hand: that is adopted afterwards. */
function flagFollows({ tables, now }: Step, scope: Scope, standing: Standing, state: KillState): boolean {
  if (scope.kind === 'tool') return state.mode !== 'none' || disabledTools(tables, scope.tenant).has(scope.pattern);
  const flag = flagOf(tables.flags.get(flagKey(tables.keys, scope), now));
  return flag === null || (isTripped(standing) && flag.text === standing.mode);
}

function flaggedScopes({ flags, keys }: KillTables): Scope[] {
  const switches = [keys.globalFlag, ...flags.keys(keys.tenantFlags), ...flags.keys(keys.sessionFlags)];
  const scopes = switches.flatMap((key) => scopeOfFlag(keys, key) ?? []);
  for (const key of flags.keys(keys.disabledTools)) {
    const tenant = tenantOfToolSet(keys, key);
    if (tenant !== undefined) scopes.push({ kind: 'tool', tenant, pattern: '*' });
  }
  return scopes;
}

function trippedScopes({ real }: KillTables): Scope[] {
  const tripped = real.states.beginningWith('').filter(({ state }) => isTripped(state));
  return tripped.flatMap(({ scope }) => parseScope(scope) ?? []);
}
