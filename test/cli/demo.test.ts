import { describe, expect, it } from 'vitest';
import { plannedCalls } from '../../src/cli/demo/incident.ts';
import { runProgram } from '../../src/cli/program.ts';

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
