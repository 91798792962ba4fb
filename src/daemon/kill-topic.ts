import { LIMIT_KEY } from '../audit/kill-state-message.ts';
import type { KillState, ScopedState } from '../domain/kill-state.ts';
import { parseScope } from '../domain/scope.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { TrippedLimit } from '../ports/kill-store.ts';

/** What `agent.kill-state` says: the durable truth. */
export interface KillTopic {
  /** The greatest version of each scope. */
  readonly states: readonly ScopedState[];
  /** Those behind which an older one stands: compaction would keep the wrong one, so they are published again. */
  readonly older: readonly ScopedState[];
  /** Limits that hold until they are re-armed. */
  readonly limits: readonly TrippedLimit[];
}

/** Reads the topic to its present end. Keys that are neither scopes nor limits (silences) are left alone. */
export async function readKillTopic(log: Pick<EventLog, 'readAll'>, topic: string): Promise<KillTopic> {
  const states = new NewestStates();
  const limits = new Map<string, TrippedLimit>();
  await log.readAll(topic, ({ key: bytes, value }) => {
    const key = bytes === null ? '' : Buffer.from(bytes).toString('utf8');
    if (key.startsWith(LIMIT_KEY)) takeLimit(limits, key.slice(LIMIT_KEY.length), value);
    else if (parseScope(key) !== null) states.take(key, value);
  });
  return { ...states.read(), limits: [...limits.values()] };
}

/** The newest state of each scope, whatever the order in which they come. */
class NewestStates {
  readonly #newest = new Map<string, KillState>();
  readonly #overtaken = new Set<string>();

  take(scope: string, value: Uint8Array | null): void {
    const state = value === null ? null : parseState(value);
    if (state === null) {
      if (value === null) this.#newest.delete(scope);
      return;
    }
    const known = this.#newest.get(scope);
    if (known === undefined || state.version >= known.version) {
      this.#newest.set(scope, state);
      this.#overtaken.delete(scope);
    } else this.#overtaken.add(scope);
  }

  read(): Pick<KillTopic, 'states' | 'older'> {
    const states = [...this.#newest].map(([scope, state]) => ({ scope, state }));
    return { states, older: states.filter(({ scope }) => this.#overtaken.has(scope)) };
  }
}

function parseState(value: Uint8Array): KillState | null {
  const state = parsed<KillState>(value);
  return typeof state?.version === 'number' && typeof state.mode === 'string' ? state : null;
}

/** Whatever else stands under its name holds too: nobody re-armed it. */
function takeLimit(limits: Map<string, TrippedLimit>, name: string, value: Uint8Array | null): void {
  if (value === null) limits.delete(name);
  else {
    const said = parsed<Partial<TrippedLimit>>(value);
    const at = typeof said?.at === 'number' ? said.at : 0;
    limits.set(name, { name, at, detail: typeof said?.detail === 'string' ? said.detail : '' });
  }
}

function parsed<T>(value: Uint8Array): T | null {
  try {
    const json: unknown = JSON.parse(Buffer.from(value).toString('utf8'));
    return typeof json === 'object' ? (json as T) : null;
  } catch {
    return null;
  }
}
