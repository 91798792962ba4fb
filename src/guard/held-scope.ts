import type { KillState } from '../domain/kill-state.ts';
import { coversMode, joinModes, type ModeText } from '../domain/mode.ts';
import { type Scope, scopeText } from '../domain/scope.ts';
import { lostSwitch, type Switch, soundMode, switchOf } from '../killswitch/precedence.ts';
import { HAND, SET_BY_HAND } from '../killswitch/reasons.ts';

/**
 * What a guard holds of one scope: the newest state that it *read* from the store, and beside it what it only *heard*
 * and what is stricter (a pushed change; a flag set by hand that the index has not yet). Both count.
 *
 * Stricter is taken from anywhere, whatever its version. A lift needs a newer version that was read; so what was heard
 * goes only when the store was read at its version or a newer one. Absence lifts nothing.
 */
export class HeldScope {
  readonly scope: Scope;
  readonly text: string;
  /** Who is told of changes: one for each that needs the scope. */
  readonly listeners = new Set<() => void>();
  #read: KillState | null = null;
  #heard: KillState | null = null;
  /** What it denies while the store has lost its state: never given back, as nobody knows what stood there. */
  #lost: ModeText = 'none';

  constructor(scope: Scope) {
    this.scope = scope;
    this.text = scopeText(scope);
  }

  get version(): number {
    return this.#read?.version ?? 0;
  }

  /** What was heard and not yet read. */
  get heard(): KillState | null {
    return this.#heard;
  }

  /** Whether the store may know better by now. */
  get isUnsure(): boolean {
    return this.#heard !== null || this.#lost !== 'none';
  }

  get mode(): ModeText {
    return joinModes(joinModes(this.#modeOf(this.#read), this.#modeOf(this.#heard)), this.#lost);
  }

  get switches(): readonly Switch[] {
    const states = [this.#read, this.#heard].filter((state) => state !== null);
    const switches = states.map((state) => switchOf(this.scope, state)).filter(({ mode }) => mode !== 'none');
    return this.#lost === 'none' ? switches : [...switches, lostSwitch(this.scope, this.#lost)];
  }

  /** A state that was read from the store; null where it has none. @returns true when anything changed. */
  take(state: KillState | null): boolean {
    if (state === null) return false;
    const before = [this.#read, this.#heard];
    if (state.version >= this.version) this.#read = state;
    else if (!coversMode(this.#modeOf(this.#read), this.#modeOf(state))) this.#read = this.#stricter(state, this.#read);
    if (this.#heard !== null && state.version >= this.#heard.version) this.#heard = null;
    return before[0] !== this.#read || before[1] !== this.#heard;
  }

  /** A state that was pushed. @returns true when it is stricter than what is held, and so counts from now on. */
  hear(state: KillState): boolean {
    if (coversMode(this.mode, this.#modeOf(state))) return false;
    this.#heard = this.#heard === null ? state : this.#stricter(state, this.#heard);
    return true;
  }

  /** What its flag says and the index does not: held like a push of the next version, until somebody has adopted it. */
  hearByHand(mode: ModeText, at: number): boolean {
    const version = this.version + 1;
    const none = { rule: null, evidence: null, expires_at: null, in_flight: null, fence: null, hold_until: null };
    const decision_id = `hand:${version}`;
    return this.hear({ mode, reason: SET_BY_HAND, actor: HAND, decision_id, at, version, epoch: '', ...none });
  }

  /** The store has lost its state, and it denies that until it has one again. @param mode `none`: it has. @returns true when that changed */
  lose(mode: ModeText): boolean {
    const lost = mode === 'none' ? mode : soundMode(this.scope, mode);
    if (lost === this.#lost) return false;
    this.#lost = lost;
    return true;
  }

  /** What we hold tripped and a store whose newest version of it is that has not. */
  missingFrom(version: number): KillState | null {
    const newest = this.#heard !== null && this.#heard.version > this.version ? this.#heard : this.#read;
    return newest === null || newest.mode === 'none' || newest.version <= version ? null : newest;
  }

  #modeOf(state: KillState | null): ModeText {
    return state === null ? 'none' : soundMode(this.scope, state.mode);
  }

  #stricter(state: KillState, than: KillState | null): KillState {
    const version = Math.max(state.version, than?.version ?? 0);
    return { ...state, mode: joinModes(this.#modeOf(state), this.#modeOf(than)), version };
  }
}
