import type { KillState } from '../../domain/kill-state.ts';
import { INCIDENT } from './incident.ts';
import type { ReplayResult, Step } from './replay.ts';

/** How it ended, in figures. Times in ms. */
export interface Outcome {
  readonly stopped: boolean;
  readonly sent: number;
  readonly blocked: number;
  readonly leaked: number;
  readonly reason: string | null;
  readonly rule: string | null;
  /** From the append of the deciding call to the kill in the store. */
  readonly detectionMs: number | null;
  /** From the kill in the store to the first refused call. */
  readonly blockingMs: number | null;
}

export function outcomeOf(
  result: ReplayResult,
  state: KillState | null,
  decidingAppendedAt: number | null,
  leaked: number,
): Outcome {
  const killedAt = state?.at ?? null;
  return {
    stopped: state !== null && result.sent + result.blocked === INCIDENT.sends && result.blocked > 0,
    sent: result.sent,
    blocked: result.blocked,
    leaked,
    reason: state?.reason ?? null,
    rule: state?.rule ?? null,
    detectionMs: killedAt === null || decidingAppendedAt === null ? null : killedAt - decidingAppendedAt,
    blockingMs:
      killedAt === null || result.firstBlockedAt === null ? null : Math.max(0, result.firstBlockedAt - killedAt),
  };
}

/** One line for a step; null for those that would only repeat themselves. */
export function stepLine(step: Step): string | null {
  switch (step.step) {
    case 'drafted':
      return `${clock(step.call.at)}  agent    draft.save   ${step.call.args.to}`;
    case 'sent':
      return `${clock(step.call.at)}  ${step.call.by.padEnd(7)}  email.send   ${step.call.args.to}   sent, ${step.count} so far`;
    case 'killed':
      return `         SENTINEL ${step.reason}`;
    case 'blocked':
      return step.count > 3 && step.count % 20 !== 0
        ? null
        : `${clock(step.call.at)}  ${step.call.by.padEnd(7)}  email.send   ${step.call.args.to}   BLOCKED (${step.count}): ${step.reason}`;
    case 'unguarded':
      return '         the background worker sends one more e-mail past its guard';
  }
}

export function summary(outcome: Outcome): string {
  const { sent, blocked, leaked, detectionMs, blockingMs } = outcome;
  if (!outcome.stopped) return `NOT STOPPED: ${sent} e-mails were sent, ${blocked} were blocked.\n`;
  return [
    `Stopped: ${sent} of ${INCIDENT.sends} e-mails were sent, ${blocked} were blocked.`,
    `Why: ${outcome.reason} (rule ${outcome.rule})`,
    `Deciding call appended → kill in the store: ${detectionMs} ms. Kill → first refused call: ${blockingMs} ms.`,
    leaked > 0
      ? `Leaked: ${leaked} call ran past its guard after the kill, and was reported.`
      : 'Leaked: the unguarded call was not found yet.',
    '',
  ].join('\n');
}

/** `+03:47` since the incident began. */
function clock(at: number): string {
  const seconds = Math.floor(at / 1_000);
  return `+${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
}
