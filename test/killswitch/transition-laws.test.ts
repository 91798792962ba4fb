import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KillState } from '../../src/domain/kill-state.ts';
import { coversMode, type ModeText } from '../../src/domain/mode.ts';
import { adoptFlag, type SwitchScope } from '../../src/killswitch/adoption.ts';
import { cancels, isTripped, nextVersion, type Standing, stateOf } from '../../src/killswitch/standing.ts';
import { expireDraft, judgeClear, judgeTrip, reassertDraft, type TripFacts } from '../../src/killswitch/transition.ts';
import type { TripRequest } from '../../src/ports/kill-store.ts';
import {
  ALL_MODES,
  ANNA,
  byOperator,
  byRule,
  clearing,
  SENTINEL,
  stateWith,
} from '../conformance/kill-store/harness.ts';
import { bookOf } from './book.ts';

const ACME: SwitchScope = { kind: 'tenant', tenant: 'acme' };
const START = 1_700_000_000_000;

/** One scope, and whatever may happen to it in any order. Times are steps of a clock that may stand still or go back. */
const happening = fc.record({
  what: fc.constantFrom('rule', 'rule', 'rule', 'operator', 'replace', 'clear', 'expire', 'reassert', 'hand'),
  passedMs: fc.integer({ min: -5, max: 50 }),
  mode: fc.constantFrom(...ALL_MODES),
  ttlMs: fc.option(fc.nat(100)),
  inFlight: fc.constantFrom(null, 'finish' as const, 'cancel' as const),
  evidenceAgeMs: fc.nat(100),
  holdMs: fc.option(fc.nat(60)),
  knownVersion: fc.nat(5),
  text: fc.constantFrom('0', '1', 'stop_all', 'disable_writes', 'stop_new_runs', 'x', null),
});
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

/** A scope with its clock, driven by the pure functions alone. */
class World {
  now = START;
  standing: Standing = null;
  lastVersion = 0;
  #decisions = new Set<string>();
  #count = 0;

  happen(each: Happening): void {
    this.now += each.passedMs;
    const draft = this.#draft(each);
    if (draft === null) return;
    this.lastVersion = nextVersion(this.lastVersion, this.now, [this.standing?.version]);
    this.standing = stateOf(draft, { at: this.now, version: this.lastVersion, epoch: 'e' });
  }

  trip(request: TripRequest): ReturnType<typeof judgeTrip> {
    const ruling = judgeTrip(request, this.#facts(request.decisionId));
    if (ruling.status !== 'change') return ruling;
    this.#decisions.add(request.decisionId);
    this.lastVersion = nextVersion(this.lastVersion, this.now, [this.standing?.version]);
    this.standing = stateOf(ruling.draft, { at: this.now, version: this.lastVersion, epoch: 'e' });
    return ruling;
  }

  ruleRequest({ mode, ttlMs, inFlight, evidenceAgeMs }: Happening): TripRequest {
    const evidenceAppendedAt = this.now - evidenceAgeMs;
    return byRule(ACME, { evidenceAppendedAt }, { mode, ttlMs, inFlight, decisionId: `rule-${this.#count++}` });
  }

  #draft(each: Happening) {
    const { mode, ttlMs, inFlight, holdMs, knownVersion, text } = each;
    const { now, standing } = this;
    switch (each.what) {
      case 'rule':
        this.trip(this.ruleRequest(each));
        return null;
      case 'operator':
      case 'replace':
        this.trip(byOperator(ACME, { mode, ttlMs, inFlight, replace: each.what === 'replace' }));
        return null;
      case 'clear': {
        const ruling = judgeClear(clearing(ACME, { holdMs }), this.#facts(''));
        return ruling.status === 'change' ? ruling.draft : null;
      }
      case 'expire':
        return expireDraft(standing, now, now, SENTINEL);
      case 'reassert':
        return reassertDraft(standing, stateWith({ version: this.lastVersion + knownVersion - 2, mode }), SENTINEL);
      default: {
        const flag = text === null ? null : { text, expiresAt: ttlMs === null ? null : now + ttlMs };
        const facts = { now, modeWhenEnabled: 'disable_writes' as const, actor: ANNA, flagKey: 'k' };
        const adoption = adoptFlag(ACME, standing, flag, facts);
        return 'draft' in adoption ? adoption.draft : null;
      }
    }
  }

  #facts(decisionId: string): TripFacts {
    const { now, standing } = this;
    const repeated = this.#decisions.has(decisionId);
    return { now, standing, repeated, initialised: true, outboxFull: null, book: bookOf() };
  }
}

/** Never less: mode, expiry and cancelling of calls in flight. */
function isAtLeast(after: KillState, before: Standing): boolean {
  if (!isTripped(before)) return true;
  const lasts = after.expires_at === null || (before.expires_at !== null && after.expires_at >= before.expires_at);
  const cancelsToo = cancels(after.mode, after.in_flight) || !cancels(before.mode, before.in_flight);
  return coversMode(after.mode, before.mode) && lasts && cancelsToo;
}

const histories = fc.array(happening, { maxLength: 30 });

describe('whatever happened before', () => {
  test('automation never lowers or shortens what stands, and never acts on evidence at or before the fence', () => {
    fc.assert(
      fc.property(histories, happening, (history, last) => {
        const world = new World();
        for (const each of history) world.happen(each);
        world.now += last.passedMs;
        const before = world.standing;
        const request = world.ruleRequest(last);
        const ruling = world.trip(request);
        if (ruling.status !== 'change' || world.standing === null) return;
        expect(isAtLeast(world.standing, before)).toBe(true);
        expect(request.automation?.evidenceAppendedAt).toBeGreaterThan(before?.fence ?? Number.NEGATIVE_INFINITY);
        expect(before?.hold_until ?? 0).toBeLessThanOrEqual(world.now);
      }),
    );
  });

  test('versions only grow, and whatever goes down leaves its time as the fence', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const world = new World();
        for (const each of history) {
          const before = world.standing;
          world.happen(each);
          const after = world.standing;
          if (after === before || after === null) continue;
          expect(after.version).toBeGreaterThan(before?.version ?? 0);
          if (isTripped(before) && !coversMode(after.mode, before.mode)) expect(after.fence).toBe(world.now);
          else if (each.what !== 'clear') expect(after.fence).toBe(before?.fence ?? null);
        }
      }),
    );
  });

  test('applying a decision once more changes nothing', () => {
    fc.assert(
      fc.property(histories, happening, happening, (history, first, between) => {
        const world = new World();
        for (const each of history) world.happen(each);
        const request = world.ruleRequest(first);
        if (world.trip(request).status !== 'change') return;
        world.happen(between);
        const before = world.standing;
        expect(world.trip(request)).toEqual({ status: 'repeated' });
        expect(world.standing).toBe(before);
      }),
    );
  });

  test('asking for what stands already changes nothing', () => {
    fc.assert(
      fc.property(histories, happening, (history, last) => {
        const world = new World();
        for (const each of history) world.happen(each);
        const request = world.ruleRequest({ ...last, evidenceAgeMs: 0 });
        if (world.trip(request).status !== 'change') return;
        expect(world.trip({ ...request, decisionId: 'another' }).status).toBe('unchanged');
      }),
    );
  });
});

test('a version is greater than the last, the clock and all that is known, but for what is beyond all sense', () => {
  const version = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(fc.nat(4e15), fc.nat(4e12), fc.array(fc.option(version, { nil: undefined })), (last, now, known) => {
      const next = nextVersion(last, now, known);
      expect(next).toBeGreaterThan(last);
      expect(next).toBeGreaterThanOrEqual(now * 1000);
      for (const each of known) if (each !== undefined && each < 8e15) expect(next).toBeGreaterThan(each);
      expect(Number.isSafeInteger(next)).toBe(true);
    }),
  );
});

test('a hand-made text is adopted once: what it left agrees with the flag that is written', () => {
  const modes = fc.constantFrom<ModeText>('none', ...ALL_MODES, 'stop_new_runs,disable_writes');
  const facts = { now: START, modeWhenEnabled: 'disable_writes' as const, actor: ANNA, flagKey: 'k' };
  fc.assert(
    fc.property(modes, fc.string(), fc.option(fc.nat(1_000)), (mode, text, px) => {
      const before = mode === 'none' ? null : stateWith({ version: 1, mode });
      const flag = { text, expiresAt: px === null ? null : START + px };
      const adoption = adoptFlag(ACME, before, flag, facts);
      const after = 'draft' in adoption ? stateOf(adoption.draft, { at: START, version: 2, epoch: '' }) : before;
      const written = isTripped(after) ? { text: after.mode, expiresAt: null } : null;
      expect(adoptFlag(ACME, after, written, facts)).toEqual({ kind: 'agrees' });
    }),
  );
});
