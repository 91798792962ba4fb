import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { plannedCalls } from '../../src/cli/demo/incident.ts';
import { runProgram } from '../../src/cli/program.ts';
import { FROM_SOURCE } from '../e2e/daemon-process.ts';
import { hold } from '../services/leash.ts';
import { shell } from './harness.ts';

describe('the incident', () => {
  it('is 117 e-mails in 22 minutes, some of them twice, by two senders', () => {
    const sends = plannedCalls().filter(({ tool }) => tool === 'email.send');
    const recipients = new Map<string, number>();
    for (const { args } of sends) recipients.set(args.to, (recipients.get(args.to) ?? 0) + 1);
    expect(sends).toHaveLength(117);
    expect(sends.at(-1)!.at).toBeLessThan(22 * 60_000);
    expect([...recipients.values()].filter((count) => count === 2).length).toBeGreaterThan(10);
    expect(new Set(sends.map(({ by }) => by))).toEqual(new Set(['agent', 'worker']));
  });
});

describe('sentinel demo --once', () => {
  it('ends with 0 because the incident was stopped: most e-mails blocked, the unguarded one reported as leaked', async () => {
    let out = '';
    const terminal = { out: (text: string) => void (out += text), err: () => {}, isTty: false, env: {} };
    expect(await runProgram(['demo', '--once', '-o', 'json', '--port', '0'], terminal)).toBe(0);
    const steps = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const outcome = steps.at(-1);
    expect(outcome).toMatchObject({ step: 'outcome', stopped: true, leaked: 1 });
    expect(outcome.sent).toBeLessThan(40);
    expect(outcome.sent + outcome.blocked).toBe(117);
    expect(outcome.reason).toContain('limit');
    expect(steps.findIndex(({ step }) => step === 'killed')).toBeLessThan(
      steps.findIndex(({ step }) => step === 'blocked'),
    );
  }, 60_000);
});

describe('sentinel demo', () => {
  it.each([
    ['--rules nosuch', /^nosuch:1:1: there is no such file or folder, /],
    ['-o yaml', /Allowed choices are text, json\.\n/],
  ])('is wrong usage with %s, as everywhere: one sentence, exit 2', async (flags, sentence) => {
    const ran = await shell().run(`sentinel demo --once --port 0 ${flags}`);
    expect(ran).toMatchObject({ code: 2, out: '', err: expect.stringMatching(sentence) });
  });

  it.each([
    ['who reads it is gone', (child: ChildProcess) => child.stdout?.destroy(), 0],
    ['it is interrupted', (child: ChildProcess) => child.kill('SIGINT'), 1],
    ['it is told to end', (child: ChildProcess) => child.kill('SIGTERM'), 1],
  ] as const)('leaves nothing behind where %s in the middle', async (_, leave, code) => {
    const TMPDIR = mkdtempSync(join(tmpdir(), 'sentinel-demo-test-'));
    onTestFinished(() => rmSync(TMPDIR, { recursive: true }));
    const folders = () => readdirSync(TMPDIR).filter((name) => name.startsWith('sentinel-demo-'));
    const child = spawn(process.execPath, [...FROM_SOURCE, 'demo', '--port', '0'], {
      env: { ...process.env, TMPDIR },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    hold(child);
    const ended = once(child, 'exit');
    let out = '';
    for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
      out += chunk;
      if (out.includes('sent, 3 so far')) break;
    }
    expect(folders()).toHaveLength(1);
    leave(child);
    expect(await ended).toEqual([code, null]);
    expect(folders()).toEqual([]);
  });
});
