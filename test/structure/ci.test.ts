import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ROOT } from './tree.ts';

const dir = mkdtempSync(join(tmpdir(), 'sentinel-summary-'));
afterAll(() => rmSync(dir, { recursive: true }));

function summary(report: unknown, exitCode: number): string {
  const path = join(dir, 'report.json');
  writeFileSync(path, JSON.stringify(report));
  return summaryOf(path, exitCode);
}

function summaryOf(path: string, exitCode: number): string {
  const args = [join(ROOT, '.ci/summary.mjs'), path, String(exitCode)];
  return execFileSync(process.execPath, args, { encoding: 'utf8' });
}

const file = (status: string, ...statuses: string[]) => ({
  status,
  assertionResults: statuses.map((outcome) => ({ status: outcome })),
});

describe('the last line of .ci/run', () => {
  test('counts tests over all files; what neither passed nor failed was skipped', () => {
    const report = { testResults: [file('passed', 'passed', 'pending', 'todo'), file('failed', 'passed', 'failed')] };
    expect(summary(report, 1)).toBe('2 passed, 1 failed, 2 skipped\n');
  });

  test('counts a file that could not be loaded as a failure', () => {
    expect(summary({ testResults: [file('failed'), file('passed', 'passed')] }, 1)).toBe(
      '1 passed, 1 failed, 0 skipped\n',
    );
  });

  test('never shows a broken run as green', () => {
    expect(summaryOf(join(dir, 'missing.json'), 1)).toBe('0 passed, 1 failed, 0 skipped\n');
    expect(summary({ testResults: [file('passed', 'passed')] }, 1)).toBe('1 passed, 1 failed, 0 skipped\n');
  });
});
