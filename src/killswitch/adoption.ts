import type { Actor, KillState } from '../domain/kill-state.ts';
import { coversMode, joinModes, type Mode, type ModeText } from '../domain/mode.ts';
import type { Scope } from '../domain/scope.ts';
import { type HandText, NOT_A_TEXT, readHandText } from './hand-text.ts';
import { HAND, reassertedReason, SET_BY_HAND } from './reasons.ts';
import { type Draft, isTripped, laterEnd, modeOf, type Standing, WEEK_MS } from './standing.ts';

/**
 * What a person may have put where a flag should be. `text: null` is something that is no text.
 * `expiresAt`: an expiry set on the flag itself, epoch ms; flags of ours have none.
 */
export interface Flag {
  readonly text: string | null;
  readonly expiresAt: number | null;
}

export type SwitchScope = Exclude<Scope, { kind: 'tool' }>;

/** What becomes of a flag that was looked at. */
export type Adoption =
  | { readonly kind: 'agrees' }
  /** It says nothing new in other words: only the flag is written again. */
  | { readonly kind: 'tidy' }
  /** Somebody tripped, changed or cleared the switch by hand. */
  | { readonly kind: 'by_hand'; readonly draft: Draft }
  /** The flag is gone though the switch is tripped: set again, for absence never lifts. */
  | { readonly kind: 'lost'; readonly draft: Draft };

export interface AdoptionFacts {
  /** The store's time, ms. */
  readonly now: number;
  readonly modeWhenEnabled: Mode;
  /** Who noticed: it is the actor of what is set again. */
  readonly actor: Actor;
  /** The flag's key, as the reason tells people. */
  readonly flagKey: string;
}

/** Compares a flag (null: there is none) with what stands, and says what it comes to. */
export function adoptFlag(scope: SwitchScope, standing: Standing, flag: Flag | null, facts: AdoptionFacts): Adoption {
  if (flag === null) {
    return isTripped(standing) ? { kind: 'lost', draft: setAgain(scope, standing, facts) } : { kind: 'agrees' };
  }
  if (saysWhatStands(standing, flag)) return { kind: 'agrees' };
  const draft = askedByHand(scope.kind, standing, handText(scope, flag, facts.modeWhenEnabled), flag, facts.now);
  return draft === null ? { kind: 'tidy' } : { kind: 'by_hand', draft };
}

/** What the flag says where that is not what stands; null where both agree or nothing is tripped either way. */
export function flagDiffers(
  scope: SwitchScope,
  standing: Standing,
  flag: Flag,
  modeWhenEnabled: Mode,
): ModeText | null {
  if (saysWhatStands(standing, flag)) return null;
  const { mode } = handText(scope, flag, modeWhenEnabled);
  return mode === 'none' && !isTripped(standing) ? null : mode;
}

/** A tool whose pattern somebody added to its set; `expiresAt`: an expiry set by hand on that set. */
export function disabledByHand(standing: Standing, expiresAt: number | null): Draft {
  return byHand('disabled', expiresAt, standing);
}

/** The state once more, after its flag or member was lost, with a reason that says how to clear it. */
export function setAgain(scope: Scope, standing: KillState, { actor, flagKey }: AdoptionFacts): Draft {
  return { ...standing, actor, reason: reassertedReason(standing, scope, flagKey) };
}

function saysWhatStands(standing: Standing, flag: Flag): boolean {
  return isTripped(standing) && flag.text === standing.mode && flag.expiresAt === null;
}

function handText(scope: SwitchScope, flag: Flag, modeWhenEnabled: Mode): HandText {
  return flag.text === null ? NOT_A_TEXT : readHandText(flag.text, scope.kind, modeWhenEnabled);
}

/** What stands once a text is obeyed; null where that is what stands already. */
function askedByHand(
  kind: SwitchScope['kind'],
  standing: Standing,
  { how, mode }: HandText,
  { expiresAt }: Flag,
  now: number,
): Draft | null {
  if (how === 'clears') return isTripped(standing) ? { ...byHand('none', null, standing), fence: now } : null;
  const end = expiresAt ?? (kind === 'session' ? sessionEnd(standing, now) : null);
  if (!isTripped(standing)) return byHand(mode, end, standing);
  const draft = how === 'adds' ? added(standing, mode, end) : replaced(standing, mode, end);
  if (draft.mode === standing.mode && draft.expires_at === standing.expires_at) return null;
  return coversMode(draft.mode, standing.mode) ? draft : { ...draft, fence: now };
}

function sessionEnd(standing: Standing, now: number): number | null {
  return isTripped(standing) ? standing.expires_at : now + WEEK_MS;
}

function added(standing: KillState, mode: ModeText, end: number | null): Draft {
  return byHand(joinModes(standing.mode, mode), laterEnd(standing.expires_at, end), standing);
}

/** A mode by name replaces; where it is the mode that stands, without an expiry of its own, so does the expiry. */
function replaced(standing: KillState, mode: ModeText, end: number | null): Draft {
  return byHand(mode, mode === modeOf(standing) ? (end ?? standing.expires_at) : end, standing);
}

/** `decision_id` is given when the change has its version: `hand:<version>`. */
function byHand(mode: ModeText, expiresAt: number | null, standing: Standing): Draft {
  return {
    mode,
    reason: SET_BY_HAND,
    actor: HAND,
    decision_id: '',
    rule: null,
    evidence: null,
    expires_at: expiresAt,
    in_flight: null,
    fence: standing?.fence ?? null,
    hold_until: standing?.hold_until ?? null,
  };
}
