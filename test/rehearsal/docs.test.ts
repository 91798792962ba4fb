import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import { shell, words } from '../cli/harness.ts';
import { event, ndjson } from './sample.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const TEXT = readFileSync(join(ROOT, 'docs/backtest.md'), 'utf8');
const COMMANDS = [...TEXT.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block]) => block!.trim().split('\n'));
const LINES = [...TEXT.matchAll(/```json\n([\s\S]*?)```/g)].map(([, block]) => block!.trim());
const MAILS = Array.from({ length: 30 }, (_, n) => event(n * 1_000, { tool: 'email.send', args: { n } }));

/** A folder as the page's reader has it. */
function folder() {
  const sh = shell();
  for (const rules of ['rules', 'new-rules']) {
    mkdirSync(join(sh.dir, rules));
    cpSync(join(ROOT, 'rules/email-burst.yaml'), join(sh.dir, rules, 'email-burst.yaml'));
  }
  writeFileSync(join(sh.dir, 'events.ndjson'), ndjson(...MAILS));
  writeFileSync(join(sh.dir, 'events.ndjson.gz'), gzipSync(ndjson(...MAILS)));
  return sh;
}

describe('docs/backtest.md', () => {
  it.each(COMMANDS)('`%s` does what it says', async (line) => {
    const { dir, env } = folder();
    const [, piped, command = line] = /^cat (\S+) \| (.*)$/.exec(line) ?? [];
    const local = words(command).map((word) => (/^(?:new-)?rules$|^events\./.test(word) ? join(dir, word) : word));
    // `rules` is the name of the command, too.
    local[0] = 'rules';
    let out = '';
    let err = '';
    const code = await runProgram(local, {
      out: (text) => void (out += text),
      err: (text) => void (err += text),
      isTty: false,
      env,
      stdin: () => Readable.from([readFileSync(join(dir, piped ?? 'events.ndjson'))]),
    });
    expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining('30 events of 1 session') });
    expect(out).toContain('EmailBurst');
  });

  it.each(LINES)('a line like %s is read', async (line) => {
    const { dir, runArgs } = folder();
    writeFileSync(join(dir, 'one.ndjson'), `${line}\n`);
    const ran = await runArgs([
      'rules',
      'backtest',
      '--rules',
      join(dir, 'rules'),
      '--events',
      join(dir, 'one.ndjson'),
    ]);
    expect(ran.err).toContain('1 event of 1 session from 2026-01-01T00:00:00Z');
  });

  it('has a program that judges its events', () => {
    const { dir } = folder();
    const program = /```ts\n([\s\S]*?)```/.exec(TEXT)![1]!;
    const rule = readFileSync(join(dir, 'rules/email-burst.yaml'), 'utf8').replace(
      /^ +condition: .*/m,
      '        condition: {gte: 1}',
    );
    writeFileSync(join(dir, 'rules/email-burst.yaml'), rule);
    writeFileSync(join(dir, 'program.mts'), program.replace("'agent-sentinel'", `'${join(ROOT, 'src/index.ts')}'`));
    const tsx = join(ROOT, 'node_modules/tsx/dist/cli.mjs');
    const out = execFileSync(process.execPath, [tsx, 'program.mts'], { cwd: dir, encoding: 'utf8' });
    expect(out).toMatch(/^alert\.firing .*\nsession\.terminated Auto-kill: .*\n$/);
  });
});
