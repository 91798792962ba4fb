import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Shell, shell, words } from './harness.ts';
import { onStore, ruleTrips } from './store.ts';

/** Commands that go on for ever or that others test. */
const ELSEWHERE = /^(run|demo|rules backtest)\b/;

/** Every command, and every group of commands, the program itself first, as `--help` lists them. */
async function commands(sh: Shell, path: readonly string[] = []): Promise<string[][]> {
  const { out } = await sh.runArgs([...path, '--help']);
  const listed = out.split('\nCommands:\n')[1]?.split('\n\n')[0] ?? '';
  const names = [...listed.matchAll(/^ {2}(\w[\w-]*)/gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'help');
  return [[...path], ...(await Promise.all(names.map((name) => commands(sh, [...path, name])))).flat()];
}

/** A store on which something of everything stands. */
async function furnished(): Promise<Shell> {
  const sh = shell();
  writeFileSync(join(sh.dir, 'sentinel.yaml'), '{}');
  await sh.run('sentinel init');
  await onStore(sh, async (store) => {
    await store.registerSession('acme', 's1', null);
    await ruleTrips(store, { kind: 'session', tenant: 'acme', session: 's2' }, 'EmailBurst');
  });
  await sh.run('sentinel kill session:acme:s1');
  await sh.run('sentinel kill tenant:acme --mode stop_new_runs');
  return sh;
}

/** Where an example is about something that a test has not: what is expected instead. */
const FAILING: Readonly<Record<string, RegExp>> = {
  'sentinel rearm share': /The limit share is not tripped/,
};

async function runExample(sh: Shell, line: string): Promise<void> {
  const args = words(line).map((word) => (word === 'sentinel.yaml' ? join(sh.dir, word) : word));
  const following = args.some((word) => word === '-f' || word === '--follow');
  const ran = await sh.runArgs(args, following ? AbortSignal.timeout(200) : undefined);
  expect(ran.err).toMatch(FAILING[line] ?? /^$/);
  expect(ran.code, line).toBe(FAILING[line] === undefined ? 0 : 1);
}

describe('--help', () => {
  it('ends with examples everywhere, and each of them works', async () => {
    const sh = shell();
    const all = await commands(sh);
    expect(all.length).toBeGreaterThan(12);
    for (const command of all.filter((path) => !ELSEWHERE.test(path.join(' ')))) {
      const { code, out } = await sh.runArgs([...command, '--help']);
      expect(code).toBe(0);
      const examples = out.split('\nExamples:\n')[1]?.trimEnd().split('\n') ?? [];
      const here = new RegExp(`^sentinel ${command.join(' ')}\\b`);
      expect(examples, command.join(' ')).not.toEqual([]);
      const store = await furnished();
      for (const line of examples) {
        expect(line.trim()).toMatch(here);
        if (!ELSEWHERE.test(line.trim().replace('sentinel ', ''))) await runExample(store, line.trim());
      }
    }
  });
});

describe('--version', () => {
  it('is that of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(await shell().run('sentinel --version')).toEqual({ code: 0, out: `${version}\n`, err: '' });
  });
});

describe('README.md', () => {
  it('shows commands for operators that work in the order in which they stand', async () => {
    const text = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const lines = [...text.matchAll(/^npx (sentinel (?!run|rules backtest).*)$/gm)].map(([, line = '']) => line);
    expect(lines.length).toBeGreaterThan(4);
    const sh = await furnished();
    await onStore(sh, (store) => store.registerSession('acme', 'run-42', null));
    for (const line of lines) await runExample(sh, line);
  });
});

describe('docs/operating.md', () => {
  it('shows commands that work in the order in which they stand', async () => {
    const text = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8');
    const lines = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) => block.trim().split('\n'));
    expect(lines.length).toBeGreaterThan(12);
    const sh = await furnished();
    for (const line of lines) await runExample(sh, line);
  });
});
