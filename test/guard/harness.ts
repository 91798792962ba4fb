/** A guard on the embedded store with a clock of its own: nothing is asked of the store unless a test says so. */
import { afterEach } from 'vitest';
import type { ValidEvent } from '../../src/domain/event/validate.ts';
import type { Guard } from '../../src/guard/guard.ts';
import { createGuard, type EventSink, type GuardOptions, type GuardStore } from '../../src/guard/index.ts';
import type { KillStore, PublishedConfig } from '../../src/ports/kill-store.ts';
import { embeddedHarness } from '../adapters/embedded/kill-harness.ts';
import { type Harness, SENTINEL } from '../conformance/kill-store/harness.ts';

export const CONFIG: PublishedConfig = {
  tools: { write: ['email.send', 'db.write'], read: ['*.read', '*.search'] },
  names: {
    global_flag: 'agent_kill_global',
    per_tenant_flag_prefix: 'agent_kill_tenant:',
    per_session_flag_prefix: 'agent_kill_session:',
    disabled_tools_key: 'agent_disabled_tools',
  },
  mode_when_enabled: 'disable_writes',
  cache_ttl_s: 2,
};

export class HandClock {
  #now = 1_800_000_000_000;

  now(): number {
    return this.#now;
  }

  advance(ms: number): void {
    this.#now += ms;
  }
}

/** Keeps events for a test to look at. */
export class CollectingSink implements EventSink {
  readonly events: ValidEvent[] = [];
  readonly dropped = 0;

  emit(event: ValidEvent): void {
    this.events.push(event);
  }

  async flush(): Promise<boolean> {
    return true;
  }

  async close(): Promise<void> {}
}

/** What a test may do with the store between the guard and itself. */
export interface StoreFaults {
  /** Every question rejects with it. */
  down: Error | null;
  /** Pushes get lost. */
  deaf: boolean;
  /** Methods that reject, by name. */
  readonly failing: Map<string, Error>;
}

/** The store as the guard sees it: with faults, and never closed by it. */
export function faulty(store: KillStore, faults: StoreFaults): GuardStore {
  const ask = async <T>(name: string, question: () => Promise<T>): Promise<T> => {
    const error = faults.down ?? faults.failing.get(name);
    if (error) throw error;
    return question();
  };
  return {
    place: store.place,
    config: () => ask('config', () => store.config()),
    read: (scopes) => ask('read', () => store.read(scopes)),
    poll: (request) => ask('poll', () => store.poll(request)),
    disabledTools: (tenants) => ask('disabledTools', () => store.disabledTools(tenants)),
    trippedTenants: () => ask('trippedTenants', () => store.trippedTenants()),
    subscribe: (listener) =>
      ask('subscribe', () => store.subscribe((change) => (faults.deaf ? undefined : listener(change)))),
    sessionParents: (session) => ask('sessionParents', () => store.sessionParents(session)),
    adopt: (scopes, actor) => ask('adopt', () => store.adopt(scopes, actor)),
    reassert: (states, actor) => ask('reassert', () => store.reassert(states, actor)),
    registerSession: (tenant, session, parent) =>
      ask('registerSession', () => store.registerSession(tenant, session, parent)),
    acknowledgeGuard: (report) => ask('acknowledgeGuard', () => store.acknowledgeGuard(report)),
    forgetGuard: (id) => ask('forgetGuard', () => store.forgetGuard(id)),
    close: async () => {},
  };
}

export interface Bed extends Harness {
  readonly clock: HandClock;
  readonly faults: StoreFaults;
  readonly sink: CollectingSink;
  readonly errors: unknown[];
  guard(options?: Partial<GuardOptions>): Promise<Guard>;
}

const beds: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of beds.splice(0)) await close();
});

/** @param state `fresh`: initialised and configured; `bare`: neither */
export async function bed(state: 'fresh' | 'bare' = 'fresh'): Promise<Bed> {
  const harness = await embeddedHarness();
  if (state === 'fresh') {
    await harness.store.publishConfig(CONFIG);
    await harness.store.initialise([], SENTINEL);
  }
  const clock = new HandClock();
  const faults: StoreFaults = { down: null, deaf: true, failing: new Map() };
  const sink = new CollectingSink();
  const errors: unknown[] = [];
  const guards: Guard[] = [];
  beds.push(async () => {
    for (const guard of guards) await guard.close();
    await harness.close();
  });
  const guard = async (options: Partial<GuardOptions> = {}): Promise<Guard> => {
    const onError = (error: unknown): void => void errors.push(error);
    const made = await createGuard({
      ...{ store: faulty(harness.store, faults), events: sink, clock, onError, cacheTtlS: 3_600, ...options },
    });
    guards.push(made);
    return made;
  };
  return { ...harness, clock, faults, sink, errors, guard };
}
