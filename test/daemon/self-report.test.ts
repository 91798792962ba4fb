import { pino } from 'pino';
import { expect, test } from 'vitest';
import { ReadinessBoard } from '../../src/daemon/readiness.ts';
import { SelfReport } from '../../src/daemon/self-report.ts';

function told(scopes: readonly string[]): string[] {
  const lines: string[] = [];
  const logger = pino({}, { write: (line: string) => void lines.push(line) });
  new SelfReport(new ReadinessBoard(), logger, { now: () => 0 }).lost(scopes);
  return lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
}

test('lost states are told with their number and the first five scopes, none not at all', () => {
  expect(told([])).toEqual([]);
  expect(told(['global'])).toEqual([expect.stringMatching(/the state of 1 scope \(global\): /)]);
  const many = [1, 2, 3, 4, 5, 6].map((n) => `tenant:${n}`);
  expect(told(many)).toEqual([expect.stringMatching(/the state of 6 scopes \(tenant:1, .*, tenant:5, …\): /)]);
});
