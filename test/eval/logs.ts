import type { AuditLine } from '../../eval/backtest.ts';
import type { Call, Group, Session } from '../../eval/source.ts';

/** `a b B b`: a call per letter, identical where the letter is; capitals write. */
export function calls(letters: string, sessionId = 's'): Call[] {
  return letters.split(' ').map((letter, index) => ({
    eventId: `${sessionId}-${index}`,
    operation: letter,
    isWrite: letter !== letter.toLowerCase(),
  }));
}

export function session(sessionId: string, kind: Group['kind'], letters: string): Session {
  return { tenantId: 't', sessionId, group: { name: `is ${kind}`, kind }, calls: calls(letters, sessionId) };
}

/** The audit record of a rule that ended a session at one of its calls. */
export function terminated(sessionId: string, call: number, rule = 'Loop'): AuditLine {
  return {
    type: 'session.terminated',
    tenant_id: 't',
    session_id: sessionId,
    reason: `because of ${rule}`,
    rule: { name: rule },
    evidence: { events: [{}, { event_id: `${sessionId}-${call}` }] },
  };
}
