import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { OutgoingQueue } from '../../src/daemon/outgoing.ts';
import type { Pipeline } from '../../src/daemon/pipeline.ts';
import { ReadinessBoard } from '../../src/daemon/readiness.ts';
import { SelfReport } from '../../src/daemon/self-report.ts';

function told(scopes: readonly string[]): string[] {
  const lines: string[] = [];
  const logger = pino({}, { write: (line: string) => void lines.push(line) });
  new SelfReport(new ReadinessBoard(), logger, { now: () => 0 }).lost(scopes);
  return lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
}

test('an outage of the log is told when it begins, not every time that it is seen', () => {
  const lines: string[] = [];
  const logger = pino({}, { write: (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg) });
  const report = new SelfReport(new ReadinessBoard(), logger, { now: () => 0 });
  for (const outage of [null, 'away', 'away still', null, 'away again'])
    report.outages({ outage, partitions: [] } as unknown as Pipeline, { outage: null } as OutgoingQueue);
  expect(lines).toEqual(['away', 'away again']);
});

test('lost states are told with their number and the first five scopes, none not at all', () => {
  expect(told([])).toEqual([]);
  expect(told(['global'])).toEqual([expect.stringMatching(/the state of 1 scope \(global\): /)]);
  const many = [1, 2, 3, 4, 5, 6].map((n) => `tenant:${n}`);
  expect(told(many)).toEqual([expect.stringMatching(/the state of 6 scopes \(tenant:1, .*, tenant:5, …\): /)]);
});
