import { setTimeout as sleep } from 'node:timers/promises';
import { isSentinelError } from '../../domain/errors.ts';
import {
  CallBlocked,
  createGuard,
  type EventSink,
  embeddedSink,
  type Guard,
  type GuardSession,
} from '../../guard/index.ts';
import { INCIDENT, type PlannedCall, plannedCalls } from './incident.ts';

/** What happens in a replay, as it happens. */
export type Step =
  | { readonly step: 'sent'; readonly call: PlannedCall; readonly count: number }
  | { readonly step: 'drafted'; readonly call: PlannedCall }
  | { readonly step: 'killed'; readonly reason: string; readonly sent: number; readonly at: number }
  | {
      readonly step: 'blocked';
      readonly call: PlannedCall;
      readonly reason: string;
      readonly count: number;
      readonly at: number;
    }
  | { readonly step: 'unguarded'; readonly tool: string };

export interface ReplayResult {
  readonly sent: number;
  readonly blocked: number;
  readonly sessionId: string;
  /** Wall clock of the first refused call, epoch ms; null when none was. */
  readonly firstBlockedAt: number | null;
}

export interface ReplayOptions {
  /** Folder of the embedded daemon. */
  readonly dir: string;
  readonly sessionId: string;
  /** Epoch ms. */
  readonly now: () => number;
  readonly onStep: (step: Step) => void;
}

/** Wall time between two calls, ms: 22 minutes in a few seconds. */
const PACE_MS = 30;

/**
 * Plays the incident through two real guards, as two processes would have them. Only the time that events carry is the
 * incident's; detection, kill and refusal are measured on the wall clock. Neither sender stops by itself.
 */
export async function replay({ dir, sessionId, now, onStep }: ReplayOptions): Promise<ReplayResult> {
  const start = now() - INCIDENT.minutes * 60_000;
  const senders = { agent: await openSender(dir, sessionId), worker: await openSender(dir, sessionId) };
  let sent = 0;
  let blocked = 0;
  let firstBlockedAt: number | null = null;
  senders.agent.onKilled = (reason) => onStep({ step: 'killed', reason, sent, at: now() });
  for (const call of plannedCalls()) {
    const verdict = await attempt(senders[call.by], call, start);
    if (verdict !== null) {
      blocked += 1;
      firstBlockedAt ??= now();
      onStep({ step: 'blocked', call, reason: verdict, count: blocked, at: now() });
    } else if (call.tool === 'email.send') onStep({ step: 'sent', call, count: ++sent });
    else onStep({ step: 'drafted', call });
    await sleep(PACE_MS);
  }
  for (const sender of Object.values(senders)) await sender.close();
  return { sent, blocked, sessionId, firstBlockedAt };
}

/** One more e-mail by the worker, past its guard: it says so afterwards, as a gateway without a guard would. */
export async function sendUnguarded(options: ReplayOptions): Promise<void> {
  const sink = embeddedSink({ dir: options.dir });
  sink.emit({
    event_id: `${options.sessionId}-unguarded`,
    ts: options.now(),
    tenant_id: INCIDENT.tenant,
    session_id: options.sessionId,
    agent_id: 'background-worker',
    tool: 'email.send',
    kind: 'write',
    status: 'ok',
  });
  await sink.flush(5_000);
  await sink.close();
  options.onStep({ step: 'unguarded', tool: 'email.send' });
}

/** @returns the reason of the refusal; null when the call went out. */
async function attempt(sender: Sending, call: PlannedCall, start: number): Promise<string | null> {
  sender.sink.time = start + call.at;
  try {
    await sender.session.call(call.tool, call.args, () => undefined);
    return null;
  } catch (error) {
    if (error instanceof CallBlocked || isSentinelError(error)) return error.message;
    throw error;
  }
}

interface Sending {
  readonly sink: IncidentTime;
  readonly session: GuardSession;
  onKilled: (reason: string) => void;
  close(): Promise<void>;
}

async function openSender(dir: string, sessionId: string): Promise<Sending> {
  const sink = new IncidentTime(embeddedSink({ dir }));
  const guard: Guard = await createGuard({ embedded: dir, events: sink });
  const sending: Omit<Sending, 'session'> = {
    sink,
    onKilled: () => {},
    close: async () => {
      await sink.flush(5_000);
      await guard.close();
    },
  };
  const session = await guard.session({
    tenantId: INCIDENT.tenant,
    sessionId,
    agentId: INCIDENT.agent,
    onKilled: (verdict) => sending.onKilled(verdict.reason),
  });
  return Object.assign(sending, { session });
}

/** Events carry the incident's time instead of the clock's. */
class IncidentTime implements EventSink {
  time = 0;
  readonly #sink: EventSink;

  constructor(sink: EventSink) {
    this.#sink = sink;
  }

  get dropped(): number {
    return this.#sink.dropped;
  }

  emit(event: Parameters<EventSink['emit']>[0]): void {
    this.#sink.emit({ ...event, ts: this.time });
  }

  flush(timeoutMs: number): Promise<boolean> {
    return this.#sink.flush(timeoutMs);
  }

  close(): Promise<void> {
    return this.#sink.close();
  }
}
