/**
 * The incident that everyone fears, as a script: an agent that drafts follow-up e-mails begins to send them, 117 in 22
 * minutes, some of them twice, from its own loop and from a background worker.
 */
export const INCIDENT = { tenant: 'acme', agent: 'follow-up-drafter', sends: 117, minutes: 22 } as const;

export type Sender = 'agent' | 'worker';

export interface PlannedCall {
  /** ms since the incident began. */
  readonly at: number;
  readonly by: Sender;
  readonly tool: string;
  readonly args: { readonly to: string; readonly subject: string };
}

const DRAFTS = 3;
/** The worker has a queue of its own: it takes every third e-mail, whatever the agent does … */
const WORKER_EVERY = 3;
/** … and every second time it sends what the agent has just sent. */
const TWICE_EVERY = 6;

/** A few drafts, as it should be; then the sending. The same plan every time. */
export function plannedCalls(): readonly PlannedCall[] {
  const drafts = Array.from({ length: DRAFTS }, (_, n) => call(n * 1_000, 'agent', 'draft.save', n));
  const from = DRAFTS * 1_000;
  const every = (INCIDENT.minutes * 60_000 - from) / INCIDENT.sends;
  const sends = Array.from({ length: INCIDENT.sends }, (_, n) => {
    const by = n % WORKER_EVERY === WORKER_EVERY - 1 ? 'worker' : 'agent';
    return call(Math.round(from + n * every), by, 'email.send', n - Math.floor((n + 1) / TWICE_EVERY));
  });
  return [...drafts, ...sends];
}

function call(at: number, by: Sender, tool: string, lead: number): PlannedCall {
  return { at, by, tool, args: { to: `lead-${lead}@example.com`, subject: 'Following up on our call' } };
}
