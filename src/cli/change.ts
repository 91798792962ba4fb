import { randomUUID } from 'node:crypto';
import type { ActionType } from '../domain/decision.ts';
import { SentinelError } from '../domain/errors.ts';
import { actorText, type KillState } from '../domain/kill-state.ts';
import type { Mode } from '../domain/mode.ts';
import { type Scope, scopeText } from '../domain/scope.ts';
import { isTripped } from '../killswitch/standing.ts';
import type { ChangeOutcome } from '../ports/kill-store.ts';
import { operator } from './actor.ts';
import type { LiftOptions, StopOptions } from './change-options.ts';
import { untilDurable } from './durable.ts';
import { count, oneLine, timeText } from './format.ts';
import { mustBeComplete, NOT_INITIALISED, type OpenedStore } from './open-store.ts';
import type { ExitCode, Terminal } from './output.ts';
import { type StillDenying, stillDenying } from './still-denying.ts';

const ACTIONS: Readonly<Record<Scope['kind'], ActionType>> = {
  session: 'terminate_session',
  tenant: 'flip_tenant',
  global: 'flip_global',
  tool: 'disable_tool',
};

type Changed = Exclude<ChangeOutcome, { status: 'refused' }>;

/** Trips a scope, says so, and waits until the audit has it. @returns 1 where it has not within 5 s */
export async function stopScope(
  opened: OpenedStore,
  scope: Scope,
  options: StopOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const { store, config, place } = opened;
  const outcome = effective(
    scope,
    await store.trip({
      scope,
      mode: await modeFor(opened, scope, options.mode),
      reason: options.reason ?? 'Stopped from the command line',
      actor: operator(options.as, terminal.env),
      decisionId: randomUUID(),
      rule: null,
      evidence: null,
      ttlMs: options.ttl ?? null,
      inFlight: options.inFlight ?? null,
      ...(options.replace === true ? { replace: true } : {}),
      audit: { severity: 'critical', action: ACTIONS[scope.kind], rule: null, evidence: null, timing: null },
    }),
  );
  const name = oneLine(scopeText(scope));
  if (outcome.status === 'applied') {
    const before = isTripped(outcome.before) ? ` (before: ${outcome.before.mode})` : '';
    terminal.out(`applied: ${name} is ${standing(outcome.state)}${before} on ${place}\n`);
    terminal.out(`  guards obey within ${config.killSwitch.cacheTtlS} s; to verify: sentinel state\n`);
  } else {
    terminal.out(`unchanged: ${name} is ${standing(outcome.state)} already on ${place}\n`);
    terminal.out('  a stop only adds; --replace sets exactly what is asked\n');
  }
  if (opened.epoch === null) terminal.err(`The store ${place} ${NOT_INITIALISED}. The stop itself stands.\n`);
  return told(opened, outcome, terminal);
}

/** Lifts exactly one scope, says so and what still denies. @returns 1 where the audit has no record of it within 5 s */
export async function liftScope(
  opened: OpenedStore,
  scope: Scope,
  options: LiftOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const outcome = await clear(opened, scope, options, terminal);
  await tellRest(opened, scope, terminal);
  return told(opened, outcome, terminal);
}

/** Lifts several scopes and waits once, for the newest record. */
export async function liftScopes(
  opened: OpenedStore,
  scopes: readonly Scope[],
  options: LiftOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  let last: Changed | null = null;
  for (const scope of scopes) {
    const outcome = await clear(opened, scope, options, terminal);
    if (outcome.status === 'applied') last = outcome;
  }
  return last === null ? 0 : told(opened, last, terminal);
}

async function clear(opened: OpenedStore, scope: Scope, options: LiftOptions, terminal: Terminal): Promise<Changed> {
  mustBeComplete(opened);
  const outcome = effective(
    scope,
    await opened.store.clear({
      scope,
      reason: options.reason ?? '',
      actor: operator(options.as, terminal.env),
      decisionId: randomUUID(),
      holdMs: options.hold ?? null,
    }),
  );
  const name = oneLine(scopeText(scope));
  if (outcome.status !== 'applied') terminal.out(`unchanged: ${name} is not tripped on ${opened.place}\n`);
  else
    terminal.out(
      `applied: ${name} is cleared${wasText(outcome.before)} on ${opened.place}${holdText(outcome.state)}\n`,
    );
  return outcome;
}

function wasText(before: KillState | null): string {
  return isTripped(before) ? ` (was ${before.mode} by ${oneLine(actorText(before.actor), 60)})` : ' (was not tripped)';
}

/** A hold that an earlier restore left may be over. */
function holdText({ hold_until, at }: KillState): string {
  return hold_until === null || hold_until <= at ? '' : `; automation keeps off until ${timeText(hold_until)}`;
}

/** Operators are refused by nothing but faults of the store. */
function effective(scope: Scope, outcome: ChangeOutcome): Changed {
  if (outcome.status !== 'refused') return outcome;
  throw new SentinelError('conflict', `${scopeText(scope)} was not changed (${outcome.code}): ${outcome.detail}.`);
}

function standing(state: KillState | null): string {
  if (state === null) return 'none';
  const calls = state.in_flight === null ? '' : `, calls in flight ${state.in_flight}`;
  return `${state.mode}${state.expires_at === null ? '' : ` until ${timeText(state.expires_at)}`}${calls}`;
}

/** What guards agree on wins over this command's own configuration. */
async function modeFor({ store, config }: OpenedStore, scope: Scope, asked: Mode | undefined): Promise<Mode | null> {
  if (scope.kind === 'tool') {
    if (asked !== undefined) throw new SentinelError('usage', 'a tool is disabled or not: it takes no --mode');
    return null;
  }
  if (scope.kind !== 'session')
    return asked ?? (await store.config())?.mode_when_enabled ?? config.killSwitch.modeWhenEnabled;
  if (asked === undefined || asked === 'stop_all') return 'stop_all';
  throw new SentinelError('usage', `a killed session is terminated (stop_all): it takes no --mode ${asked}`);
}

async function told(opened: OpenedStore, outcome: Changed, terminal: Terminal): Promise<ExitCode> {
  return outcome.status === 'applied' ? tellDurable(opened, outcome.outboxId, terminal) : 0;
}

/** Waits for the audit to have that outbox entry, and says so. @returns 1 where it has not within 5 s */
export async function tellDurable(opened: OpenedStore, outboxId: string, terminal: Terminal): Promise<ExitCode> {
  const { audit } = opened.config.topics;
  const durability = await untilDurable(opened, outboxId, terminal);
  if (durability.durable) {
    terminal.out(`durable: ${audit} has the record\n`);
    return 0;
  }
  terminal.err(
    `not durable: ${audit} did not get the record within 5 s (${durability.why}). The change is applied and guards ` +
      'enforce it; its record waits in the store and is published by the daemon or the next command.\n',
  );
  return 1;
}

async function tellRest({ store }: OpenedStore, scope: Scope, terminal: Terminal): Promise<void> {
  const rest = await stillDenying(store, scope);
  for (const { text, state } of rest.above.slice(0, SHOWN)) {
    terminal.out(`still denies: ${oneLine(text)} is ${standing(state)}: ${oneLine(state.reason)}\n`);
  }
  tellMore(rest, terminal);
}

const SHOWN = 10;

function tellMore({ above, within }: StillDenying, terminal: Terminal): void {
  if (above.length > SHOWN) terminal.out(`  and ${above.length - SHOWN} more; see sentinel state\n`);
  if (within.length === 0) return;
  const some = within.slice(0, SHOWN).map(({ text }) => oneLine(text, 80));
  const more = within.length > SHOWN ? ', …' : '';
  terminal.out(`still tripped below it: ${count(within.length, 'scope')} (${some.join(', ')}${more})\n`);
}
