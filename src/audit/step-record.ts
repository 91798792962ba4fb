import type { AuditFacts } from '../domain/audit-record.ts';
import type { Step } from '../domain/step.ts';
import { alertRecord } from './alert-records.ts';
import { simulatedRecord, suppressedRecord, suppressionEndRecord } from './decision-records.ts';

/** The record of a step; null where there is none: what an attempt does is recorded where it is done. `log`: its identity. */
export function stepRecord(step: Step, log: string): AuditFacts | null {
  switch (step.type) {
    case 'alert':
      return alertRecord(step.alert, log);
    case 'simulated':
      return simulatedRecord(step.decision);
    case 'suppressed':
      return suppressedRecord(step.suppression.decision, step.suppression.code, step.suppression.detail);
    case 'closed':
      return suppressionEndRecord(
        step.suppression.decision,
        step.suppression.code,
        step.suppression.detail,
        step.suppression,
      );
    default:
      return null;
  }
}
