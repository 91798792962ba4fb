/** What a dashboard's author has: the schema, and nothing else. */
import { expect, it } from 'vitest';
import { alertRecord } from '../../src/audit/alert-records.ts';
import { simulatedRecord, suppressedRecord, wouldBeRecord } from '../../src/audit/decision-records.ts';
import { auditJsonSchema } from '../../src/audit/schema.ts';
import { decisionsFor } from '../../src/responder/decisions.ts';
import { firing, resolved } from '../support/alerts.ts';

const T = 1_700_000_000_000;

type Schema = Readonly<Record<string, unknown>>;

/** Ways to properties that say nothing of themselves, however deep. */
function undescribed(schema: Schema, way = ''): string[] {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Schema>);
  const inner = [
    ...((schema.anyOf ?? []) as Schema[]),
    ...(schema.items === undefined ? [] : [schema.items as Schema]),
  ];
  return [
    ...properties.filter(([, property]) => !('description' in property)).map(([name]) => `${way}.${name}`),
    ...properties.flatMap(([name, property]) => undescribed(property, `${way}.${name}`)),
    ...inner.flatMap((each) => undescribed(each, way)),
  ];
}

it('the schema says of every field what it means', () => {
  expect(undescribed(auditJsonSchema())).toEqual([]);
});

it('an alert and what was decided because of it are joined as the schema says: by rule.hash and evidence', () => {
  const alert = firing(T);
  const settings = { log: 'l', simulate: false, modeWhenEnabled: 'disable_writes', staleAfterMs: 0, onLimit: 'hold' };
  const [decision] = decisionsFor(alert, { ...settings, limits: {} } as never);
  const fired = alertRecord(alert, 'l');
  const decided = [
    simulatedRecord(decision!),
    suppressedRecord(decision!, 'hold', 'held'),
    wouldBeRecord(decision!, T + 1),
  ];
  for (const { rule, evidence } of decided)
    expect({ hash: rule?.hash, evidence }).toEqual({ hash: fired.rule?.hash, evidence: fired.evidence });
  expect(new Set(decided.map(({ decision_id }) => decision_id)).size).toBe(1);
  expect(alertRecord(resolved(alert, T + 5), 'l').decision_id).toBe(fired.decision_id);
});
