import type { SuppressionCode } from '../../domain/decision.ts';
import { SentinelError } from '../../domain/errors.ts';
import type { KillState, ScopedState } from '../../domain/kill-state.ts';
import { isModeText, type Mode, type ModeText } from '../../domain/mode.ts';
import { parseScope, type Scope } from '../../domain/scope.ts';
import { NOT_A_TEXT, readHandText } from '../../killswitch/hand-text.ts';
import type { ChangeOutcome, OutboxEntry, ScopeReading } from '../../ports/kill-store.ts';

/** What the scripts answer: nested lists of texts, null for nothing. */
export type Reply = string | number | null | readonly Reply[];

export function list(reply: Reply | undefined): readonly Reply[] {
  if (!Array.isArray(reply)) throw unexpected(reply);
  return reply;
}

export function text(reply: Reply | undefined): string {
  if (typeof reply !== 'string') throw unexpected(reply);
  return reply;
}

export function texts(reply: Reply | undefined): readonly string[] {
  return list(reply).map(text);
}

/** JSON that a script wrote; null for nothing, and for what is no JSON (somebody wrote under our key by hand). */
export function parsed<T>(reply: Reply | undefined): T | null {
  if (typeof reply !== 'string') return null;
  try {
    return JSON.parse(reply) as T;
  } catch {
    return null;
  }
}

/** A state of the index; null where there is none that can be read. */
export function killState(reply: Reply | undefined): KillState | null {
  const state = parsed<Partial<KillState>>(reply);
  const isState = isModeText(String(state?.mode)) && Number.isSafeInteger(state?.version);
  return isState ? (state as KillState) : null;
}

/** `[a, b, a, b, …]` as pairs. */
export function pairs(reply: Reply | undefined): readonly (readonly [string, string])[] {
  const flat = texts(reply);
  return Array.from(
    { length: flat.length / 2 },
    (_, each) => [flat[2 * each] ?? '', flat[2 * each + 1] ?? ''] as const,
  );
}

export function scopedStates(reply: Reply | undefined): readonly ScopedState[] {
  const states: ScopedState[] = [];
  for (const [scope, json] of pairs(reply)) {
    const state = killState(json);
    if (state !== null) states.push({ scope, state });
  }
  return states;
}

/** Scope texts as scopes; what names none (an odd member of a set) is left out. */
export function scopes(reply: Reply | undefined): readonly Scope[] {
  return texts(reply)
    .map(parseScope)
    .filter((scope) => scope !== null);
}

export function outcome(reply: Reply): ChangeOutcome {
  const [status, first, second, third, outboxId, escalated] = list(reply);
  switch (status) {
    case 'applied':
      return {
        status,
        scope: parseScope(text(first)) as Scope,
        state: JSON.parse(text(second)) as KillState,
        before: parsed<KillState>(third),
        outboxId: text(outboxId),
        escalated: escalated === '1',
      };
    case 'repeated':
    case 'unchanged':
      return { status, state: killState(first) };
    case 'simulated':
      return { status, state: JSON.parse(text(first)) as KillState };
    case 'refused':
      return { status, code: text(first) as SuppressionCode, detail: text(second) };
    default:
      throw unexpected(reply);
  }
}

/** A scope as the index has it, and what its flag says that is not that. A state that nobody can read is lost. */
export function reading(
  scope: Scope,
  json: Reply | undefined,
  flag: Reply | undefined,
  modeWhenEnabled: Mode,
): ScopeReading {
  const state = killState(json);
  const isDamaged = state === null && typeof json === 'string' && !isForgotten(flag);
  const said = isDamaged ? 'state' : flag;
  return { scope, state, byHand: modeByHand(scope, said, modeWhenEnabled), forgotten: isForgotten(said) };
}

/** A flag says so beside what it says (lua/read.lua.ts). */
export function isForgotten(flag: Reply | undefined): boolean {
  return flag === 'state' || (typeof flag === 'string' && flag.startsWith('?'));
}

/** What a flag says that is not what the index says (lua/read.lua.ts); null where nothing was asked for by hand. */
export function modeByHand(scope: Scope, flag: Reply | undefined, modeWhenEnabled: Mode): ModeText | null {
  if (typeof flag !== 'string' || flag === 'lost') return null;
  if (scope.kind === 'tool') return 'disabled';
  if (flag === 'type' || flag === 'state') return NOT_A_TEXT.mode;
  const { mode } = readHandText(flag.slice(1), scope.kind, modeWhenEnabled);
  return mode === 'none' && !flag.startsWith('=') ? null : mode;
}

/** An entry of the outbox; null where it is none of ours. */
export function outboxEntry(reply: Reply): OutboxEntry | null {
  const [id, fields] = list(reply);
  const values = new Map(pairs(fields));
  const note = parsed<OutboxEntry['note']>(values.get('note'));
  return note === null ? null : { id: text(id), previous: values.get('previous') || null, note };
}

function unexpected(reply: unknown): SentinelError {
  return new SentinelError(
    'internal',
    `The kill script answered ${JSON.stringify(reply)?.slice(0, 100)}, which is none of its answers.`,
  );
}
