import { compileGlob } from '../domain/glob.ts';
import type { KillState } from '../domain/kill-state.ts';
import { type CallKind, isModeText, type ModeText, modeDenies } from '../domain/mode.ts';
import { type Scope, scopeText } from '../domain/scope.ts';
import type { DenialCode, Denied } from '../domain/verdict.ts';
import type { ScopeReading } from '../ports/kill-store.ts';
import { SET_BY_HAND, STATE_LOST } from './reasons.ts';
import { cancels } from './standing.ts';

/** What stands on one scope that a call may be under. */
export interface Switch {
  readonly scope: Scope;
  /** `none`: cleared, denies nothing. */
  readonly mode: ModeText;
  /** Why it was tripped, in words. */
  readonly reason: string;
  readonly decisionId: string | null;
  readonly expiresAt: number | null;
  /** Whether calls in flight are cancelled. */
  readonly cancels: boolean;
}

/** A switch as a state says it. Any trip of a session terminates it; a mode that we do not know stops everything. */
export function switchOf(scope: Scope, state: KillState): Switch {
  const mode = soundMode(scope, state.mode);
  return {
    scope,
    mode,
    reason: state.reason,
    decisionId: state.decision_id,
    expiresAt: state.expires_at,
    cancels: mode !== 'none' && cancels(mode, state.in_flight),
  };
}

/** What a scope's state says, and beside it what its flag says where somebody set that by hand: the stricter of both counts. */
export function switchesOf({ scope, state, byHand, forgotten }: ScopeReading): readonly Switch[] {
  const known = state === null ? [] : [switchOf(scope, state)];
  if (byHand === null || byHand === 'none') return known;
  if (forgotten) return [...known, lostSwitch(scope, byHand)];
  const mode = soundMode(scope, byHand);
  const hand = { scope, mode, reason: SET_BY_HAND, decisionId: null, expiresAt: null, cancels: mode === 'stop_all' };
  return [...known, hand];
}

/** Of a state that the store has lost. Nothing in flight is cancelled for it: a stop did so when it was made. */
export function lostSwitch(scope: Scope, mode: ModeText): Switch {
  return {
    scope,
    mode: soundMode(scope, mode),
    reason: STATE_LOST,
    decisionId: null,
    expiresAt: null,
    cancels: false,
  };
}

/** The mode that counts: as it is where we know it, else the one that stops most. */
export function soundMode(scope: Scope, mode: ModeText): ModeText {
  if (mode === 'none') return mode;
  if (scope.kind === 'tool') return 'disabled';
  if (scope.kind === 'session' || !isModeText(mode) || mode === 'disabled') return 'stop_all';
  return mode;
}

/** What somebody wants to do; `tool` is null for model calls and new runs. */
export interface Attempt {
  readonly kind: CallKind;
  readonly tool: string | null;
}

/**
 * The denial of an attempt under these switches, or null: any of them denies, column by column (contract 5).
 * The reason that is told: `stop_all` before `tool_disabled` before `writes_disabled` before `new_runs_stopped`; then the
 * widest scope; among sessions the one that comes first, so ancestors belong before their descendants, outermost first.
 */
export function denialBy(switches: Iterable<Switch>, attempt: Attempt): Denied | null {
  let first: Switch | null = null;
  for (const each of switches) {
    if (denies(each, attempt) && (first === null || rank(each, attempt) < rank(first, attempt))) first = each;
  }
  return first === null ? null : denial(first, attempt);
}

export function denies({ scope, mode }: Switch, { kind, tool }: Attempt): boolean {
  if (scope.kind !== 'tool') return modeDenies(mode, kind);
  return mode !== 'none' && tool !== null && compileGlob(scope.pattern)(tool);
}

const ORDER: readonly DenialCode[] = ['stop_all', 'tool_disabled', 'writes_disabled', 'new_runs_stopped'];

function rank(each: Switch, attempt: Attempt): number {
  const code = codeOf(each, attempt);
  const order = ORDER.indexOf(code === 'session_terminated' ? 'stop_all' : code);
  return order * 10 + width(each.scope);
}

/** 0 is the widest. */
function width(scope: Scope): number {
  if (scope.kind === 'session') return 2;
  return scope.kind === 'global' || (scope.kind === 'tool' && scope.tenant === null) ? 0 : 1;
}

function codeOf({ scope, mode }: Switch, { kind }: Attempt): DenialCode {
  if (scope.kind === 'tool') return 'tool_disabled';
  if (scope.kind === 'session') return 'session_terminated';
  if (mode === 'stop_all') return 'stop_all';
  return kind === 'new_run' ? 'new_runs_stopped' : 'writes_disabled';
}

function denial(by: Switch, attempt: Attempt): Denied {
  const code = codeOf(by, attempt);
  return {
    allowed: false,
    code,
    reason: reasonOf(code, by, attempt.tool),
    scope: scopeText(by.scope),
    decisionId: by.decisionId,
    // A session's end is only there for tidiness: it is renewed while anybody still calls.
    retryable: code !== 'session_terminated' && by.expiresAt !== null,
    expiresAt: by.expiresAt,
  };
}

function reasonOf(code: DenialCode, by: Switch, tool: string | null): string {
  if (code === 'session_terminated')
    return by.reason === '' ? 'Session terminated' : `Session terminated: ${by.reason}`;
  return tool === null || code === 'stop_all' ? `killed: ${code}` : `killed: ${code}:${tool}`;
}
