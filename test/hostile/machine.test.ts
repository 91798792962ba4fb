/** A machine that is not as it should be: folders that are not ours, ports that are taken, rules that vanish. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type DaemonProcess, metric, readiness, runCommand, startDaemon } from '../e2e/daemon-process.ts';
import { createEmbeddedSetting } from '../e2e/embedded-setting.ts';
import type { Setting } from '../e2e/setting.ts';
import { until } from '../services/poll.ts';
import { RULES, writes } from './hostile-records.ts';

const WAIT_MS = 60_000;
const TEST_MS = 4 * WAIT_MS;

function settingOf(): Setting {
  const setting = createEmbeddedSetting(RULES);
  onTestFinished(() => setting.dispose());
  return setting;
}

async function daemonOf(setting: Setting): Promise<DaemonProcess> {
  const daemon = await startDaemon(['--config', setting.config]);
  onTestFinished(() => daemon.kill());
  expect(await isReady(daemon)).toBe(true);
  return daemon;
}

const isReady = (daemon: DaemonProcess) => until(async () => (await readiness(daemon)).ready, WAIT_MS, 50);

async function send({ log, topics }: Setting, ...values: readonly string[]): Promise<void> {
  await log.append(
    topics.events,
    values.map((value) => ({ key: 'k', value })),
  );
}

const killed = (setting: Setting, session: string) => until(() => isKilled(setting, session), WAIT_MS, 50);

async function isKilled({ store }: Setting, session: string): Promise<boolean> {
  const [reading] = await store.read([{ kind: 'session', tenant: 'acme', session }]);
  return reading?.state?.mode === 'stop_all';
}

describe('what keeps the daemon from starting is one sentence', () => {
  test('a state folder that nobody may make, root neither', async () => {
    const setting = settingOf();
    const ended = await runCommand(['run', '--config', setting.config, '--dir', '/sys/sentinel', '--port', '0']);
    expect(ended.code).toBe(2);
    expect(lastLine(ended.told)).toMatch(
      /^\/sys\/sentinel\/\w+ is not ours to write \(permission denied to user id \d+\): give this user read and write access to it, or set embedded\.dir\.$/,
    );
  });

  test('a file where the state folder should be', async () => {
    const setting = settingOf();
    const file = join(setting.dir, 'a-file');
    writeFileSync(file, 'of somebody');
    const ended = await runCommand(['run', '--config', setting.config, '--dir', file, '--port', '0']);
    expect(ended.code).toBe(2);
    expect(lastLine(ended.told)).toMatch(
      /a-file\/\w+ cannot be a folder, because a file is in the way: set embedded\.dir to another folder\.$/,
    );
    expect(readFileSync(file, 'utf8')).toBe('of somebody');
  });

  test('a port that is taken', async () => {
    const setting = settingOf();
    const other = createServer();
    onTestFinished(() => void other.close());
    const port = await new Promise<number>((resolve) => {
      other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port));
    });
    const ended = await runCommand(['run', '--config', setting.config, '--port', String(port)]);
    expect(ended.code).toBe(2);
    expect(lastLine(ended.told)).toBe(`port ${port} on 127.0.0.1 is in use: choose another with --port or http.port`);
  });

  test('an option that there is not', async () => {
    const ended = await runCommand(['run', '--simulat']);
    expect(ended.code).toBe(2);
    expect(ended.told).toContain("unknown option '--simulat'\n(Did you mean --simulate?)");
    expect(ended.told).not.toMatch(/^\s+at /m);
  });
});

describe('rules under a running daemon', () => {
  const bomb = Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n}, `.repeat(9)}]`).join('\n');
  const withMatch = (match: string) => RULES.replace('match: {kind: write}', `match: ${match}`);
  const HOSTILE: readonly (readonly [what: string, text: string, told: RegExp])[] = [
    ['10 MB', '#'.repeat(10_000_000), /rules\.yaml:1:1: the file has 10000000 bytes, expected at most 65536: split it/],
    [
      'nothing but signs',
      `groups: [${'1,'.repeat(30_000)}]`,
      /rules\.yaml:1:1: the file has more than 32000 words and signs of YAML, expected fewer: split it/,
    ],
    [
      'aliases that multiply',
      `a0: &a0 [x]\n${bomb}\ngroups: *a9`,
      /rules\.yaml:10:\d+: the group is a list, expected a map with name, limit or rules/,
    ],
    [
      'a regular expression bomb',
      withMatch('{tool: "^(a+)+$"}'),
      /rules\.yaml:7:\d+: .*expected a glob or a list of globs, no regular expression/,
    ],
  ];

  test(
    'whatever comes into their folder, or if it goes: the last good set counts on, and why is said everywhere',
    async () => {
      const setting = settingOf();
      const daemon = await daemonOf(setting);
      const file = join(setting.rulesDir, 'rules.yaml');
      await send(setting, ...writes(3, 'acme', 'begun'));
      const refused = async (told: RegExp) => {
        const said = async () => told.test((await readiness(daemon)).notices.rules ?? '');
        expect(await until(said, WAIT_MS, 50), `${told}`).toBe(true);
        expect((await readiness(daemon)).notices.rules).toMatch(/^rejected, the last good set stays: /);
        expect(await metric(daemon, 'sentinel_rules_rejected')).toEqual({ '': 1 });
        expect((await metric(daemon, 'sentinel_rules_loaded'))['']).toBe(3);
        expect(daemon.log.some(({ msg }) => /^rules rejected: /.test(String(msg)) && told.test(String(msg)))).toBe(
          true,
        );
      };
      for (const [, text, told] of HOSTILE) {
        writeFileSync(file, text);
        await refused(told);
      }
      rmSync(setting.rulesDir, { recursive: true });
      await refused(/rules\.d:1:1: there is no such file or folder, expected rules/);

      // What was counted under the old rules is counted still, and stops.
      expect(await isKilled(setting, 'begun')).toBe(false);
      await send(setting, ...writes(1, 'acme', 'begun'));
      expect(await killed(setting, 'begun')).toBe(true);
      expect((await readiness(daemon)).ready).toBe(true);

      mkdirSync(setting.rulesDir);
      writeFileSync(file, RULES);
      const isFine = async () => (await metric(daemon, 'sentinel_rules_rejected'))[''] === 0;
      expect(await until(isFine, WAIT_MS, 50)).toBe(true);
      expect((await readiness(daemon)).notices.rules).toBeUndefined();
      expect(await daemon.stop()).toBe(0);
      const rejected = (await setting.audit()).filter(({ type }) => type === 'rules.rejected');
      expect(rejected).toHaveLength(HOSTILE.length + 1);
    },
    TEST_MS,
  );

  test.each(HOSTILE)('%s: the check says the same, with exit 1', async (_what, text, told) => {
    const setting = settingOf();
    writeFileSync(join(setting.rulesDir, 'rules.yaml'), text);
    const ended = await runCommand(['rules', 'check', setting.rulesDir]);
    expect(ended.code).toBe(1);
    expect(ended.told).toMatch(told);
  });
});

const lastLine = (text: string) => text.trimEnd().split('\n').at(-1);
