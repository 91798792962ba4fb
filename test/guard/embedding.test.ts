import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { validateEvent } from '../../src/domain/event/validate.ts';
import { newFolder } from '../adapters/embedded/folder.ts';
import { readiness, startDaemon } from '../e2e/daemon-process.ts';
import { until } from '../services/poll.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const guardModule = join(root, 'src/guard/index.ts');

const page = readFileSync(join(root, 'docs/embedding.md'), 'utf8');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const fromSource = (code: string) => code.replaceAll("'agent-sentinel/guard'", `'${guardModule}'`);

/** The page's examples in a language as files: each begins with its name. */
function examples(language: 'ts' | 'js'): ReadonlyMap<string, string> {
  const blocks = [...page.matchAll(new RegExp(`\`\`\`${language}\\n// (\\S+)\\n(.*?)\`\`\``, 'gs'))];
  return new Map(blocks.map(([, name = '', code = '']) => [name, fromSource(code)]));
}

/** Drives gateway and agent through an embedded store, with a kill in the middle of each; prints what came out. */
const driver = (dir: string) => `
import { createGuard } from '${guardModule}';
import { openEmbeddedKillStore } from '${join(root, 'src/adapters/embedded/kill-store.ts')}';
import { byOperator, SENTINEL, session, tenant } from '${join(root, 'test/conformance/kill-store/harness.ts')}';
import { handleToolCall, sessionIsOver } from './gateway.ts';
import { runAgent } from './agent.ts';

const store = openEmbeddedKillStore({ dir: '${dir}/store', clock: { now: () => Date.now() } });
await store.initialise([], SENTINEL);
const guard = await createGuard({ embedded: '${dir}/store' });
const out: unknown[] = [];

const request = { tenantId: 'acme', sessionId: 'g', tool: 'email.send', args: {} };
const run = async () => 'sent';
out.push(await handleToolCall(guard, request, run));
await store.trip(byOperator(session('acme', 'g'), { reason: 'why' }));
await guard.refresh();
out.push(await handleToolCall(guard, request, run), await sessionIsOver(request));

let steps = 0;
const model = async () => ((steps += 1) > 3 ? { answer: 'done' } : { tool: steps === 2 ? 'broken' : 'ok', args: {} });
const heard: string[] = [];
const tools = {
  ok: async () => String(heard.push('ok')),
  broken: async () => { throw new Error('broken'); },
  kill: async () => {
    await store.trip(byOperator(session('acme', 'b')));
    await guard.refresh();
    return 'never heard';
  },
};
out.push(await runAgent(guard, model, tools, 'acme', 'a'), heard.length);
out.push(await runAgent(guard, async () => ({ tool: 'kill', args: {} }), tools, 'acme', 'b'));
await store.trip(byOperator(tenant('acme'), { mode: 'stop_new_runs' }));
await guard.refresh();
out.push(await runAgent(guard, model, tools, 'acme', 'c'));
await guard.close();
await store.close();
process.stdout.write(JSON.stringify(out));
`;

test('the examples of docs/embedding.md and of the README compile under strict settings, and the page’s do what it says', () => {
  const dir = newFolder();
  try {
    const files = examples('ts');
    expect([...files.keys()]).toEqual(['guard.ts', 'gateway.ts', 'agent.ts']);
    for (const [name, code] of files) writeFileSync(join(dir, name), code);
    writeFileSync(join(dir, 'readme.ts'), fromSource(/```ts\n(.*?)```/s.exec(readme)![1]!));
    writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
    writeFileSync(join(dir, 'driver.ts'), driver(dir));
    const compilerOptions = {
      noEmit: true,
      rewriteRelativeImportExtensions: false,
      rootDir: '/',
      typeRoots: [join(root, 'node_modules/@types')],
    };
    const config = {
      extends: join(root, 'tsconfig.json'),
      compilerOptions,
      include: ['*.ts', join(root, 'src/**/*.d.ts')],
    };
    writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify(config));
    run(join(root, 'node_modules/typescript/bin/tsc'), '-p', dir);
    expect(JSON.parse(run('--import', 'tsx', join(dir, 'driver.ts')))).toEqual([
      { status: 200, body: 'sent' },
      { status: 403, body: { code: 'session_terminated', reason: 'Session terminated: why', retryable: false } },
      { status: 'stopped', stop_reason: 'killed' },
      { status: 'ok' },
      2,
      { status: 'stopped', stop_reason: 'killed' },
      { status: 'refused', reason: 'killed: new_runs_stopped' },
    ]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}, 60_000);

test('the loop of docs/embedding.md is stopped by the daemon that the page starts, with the words of the page', async () => {
  const dir = newFolder();
  try {
    const daemon = await startDaemon(['--rules', join(root, 'rules'), '--dir', join(dir, '.sentinel')]);
    expect(await until(async () => (await readiness(daemon)).ready, 20_000)).toBe(true);
    writeFileSync(join(dir, 'try.mjs'), examples('js').get('try.mjs')!.replace("'.sentinel'", `'${dir}/.sentinel'`));
    const out = run('--import', 'tsx', join(dir, 'try.mjs'));
    const shown = /```text\n(.*?)```/s.exec(page)![1]!.trimEnd().split('\n');
    expect(out.trimEnd().split('\n').slice(-2)).toEqual(shown.slice(1));
    // How many go through before the kill takes hold is a matter of milliseconds.
    expect(out).toContain(shown[0]);
    expect(await daemon.stop()).toBe(0);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}, 60_000);

test('the events of docs/embedding.md are events, each with its own id', () => {
  const lines = /```json\n(.*?)```/s.exec(page)![1]!.trim().split('\n');
  const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events.map(validateEvent)).toEqual([null, null, null]);
  expect(new Set(events.map(({ event_id }) => event_id)).size).toBe(3);
});

/** Node in the repository's folder; what it prints, or throws what it says is wrong. */
function run(...args: readonly string[]): string {
  try {
    return execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${stdout}\n${stderr}`);
  }
}
