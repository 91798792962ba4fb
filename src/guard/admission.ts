import type { Scope } from '../domain/scope.ts';
import { ALLOWED, type Verdict } from '../domain/verdict.ts';
import { denialBy } from '../killswitch/precedence.ts';
import { type Condition, own } from './condition.ts';
import type { HeldScope } from './held-scope.ts';
import type { KillView } from './kill-view.ts';
import type { StateReader } from './state-reader.ts';

/** May a new run of that tenant start? A tenant without an open session here is read from the store: one round trip. */
export async function admission(
  tenant: string,
  parts: { readonly view: KillView; readonly reader: StateReader; readonly condition: Condition },
): Promise<Verdict> {
  const { view, reader, condition } = parts;
  const scope: Scope = { kind: 'tenant', tenant };
  const listener = (): void => {};
  const held = view.watch(scope, listener);
  try {
    // Where it fails the tenant stays unknown, and that is said below.
    if (!held.loaded) await reader.read([scope]).catch(() => undefined);
    return judged(view, held, condition);
  } finally {
    view.unwatch(held, listener);
  }
}

function judged(view: KillView, held: HeldScope, condition: Condition): Verdict {
  const stopped = denialBy([...view.global.switches, ...held.switches], { kind: 'new_run', tool: null });
  if (stopped !== null && !condition.closed) return stopped;
  const denial = condition.denial('new_run');
  if (denial !== null) return denial;
  return held.loaded ? ALLOWED : own('state_unknown', 'the kill state of this tenant could not be read', true);
}
