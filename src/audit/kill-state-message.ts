import type { ScopedState } from '../domain/kill-state.ts';
import type { OutMessage } from '../ports/event-log.ts';
import type { ChangeNote, TrippedLimit } from '../ports/kill-store.ts';

/** Before the name of a limit in the keys of the topic of states. */
export const LIMIT_KEY = 'limit:';

/** What a change leaves in the topic of states, from which a wiped store is rebuilt; null where it leaves nothing. */
export function killStateMessage({ scope, subject, state, at, detail, holds }: ChangeNote): OutMessage | null {
  if (state !== null) return stateMessage({ scope, state });
  if (holds === true) return limitMessage({ name: subject, at, detail: detail ?? '' });
  return holds === false ? { key: LIMIT_KEY + subject, value: null } : null;
}

export function stateMessage({ scope, state }: ScopedState): OutMessage {
  return { key: scope, value: JSON.stringify(state) };
}

export function limitMessage({ name, at, detail }: TrippedLimit): OutMessage {
  return { key: LIMIT_KEY + name, value: JSON.stringify({ at, detail }) };
}
