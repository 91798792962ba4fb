import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { auditRecordSchema } from '../../src/audit/schema.ts';
import { runProgram } from '../../src/cli/program.ts';
import { event, ndjson } from '../rehearsal/sample.ts';
import { type Shell, shell } from './harness.ts';

const TRACES = new URL('../domain/event/fixtures/traces.ndjson', import.meta.url).pathname;
const RULES = new URL('../../rules', import.meta.url).pathname;

function write(sh: Shell, name: string, content: Uint8Array | string): string {
  writeFileSync(join(sh.dir, name), content);
  return join(sh.dir, name);
}

const rule = (name: string, gte: number) =>
  JSON.stringify({
    groups: [
      {
        name: 'g',
        rules: [
          {
            alert: name,
            type: 'event_count',
            group_by: ['session'],
            window: '1m',
            condition: { gte },
            severity: 'critical',
          },
        ],
      },
    ],
  });
const BURST = ndjson(...[0, 1, 2].map((at) => event(at, { session_id: 'a\u001b[2Jb' })));

function burst(): { sh: Shell; rules: string; events: string } {
  const sh = shell();
  return { sh, rules: write(sh, 'three.yaml', rule('Three', 3)), events: write(sh, 'events.ndjson', BURST) };
}

describe('sentinel rules backtest', () => {
  it('names rules whose tools no event has, and tools that there are: silence may be a wrong name', async () => {
    const sh = shell();
    const of = (alert: string, tool: string) => ({
      ...{ alert, type: 'event_count', match: { tool }, window: '1m', condition: { gt: 3 }, severity: 'critical' },
    });
    const rules = write(
      sh,
      'r.yaml',
      JSON.stringify({ groups: [{ name: 'g', rules: [of('Mails', 'mail.*'), of('Reads', 'db.*')] }] }),
    );
    const tools = ['db.read', 'email.send', ...Array.from({ length: 9 }, (_, n) => `t${n}`)];
    const events = write(sh, 'e.ndjson', ndjson(...tools.map((tool, at) => event(at, { tool }))));
    const { code, err } = await sh.runArgs(['rules', 'backtest', '--rules', rules, '--events', events]);
    expect(code).toBe(0);
    expect(err).toContain(
      '1 rule can see nothing here, no event has such a tool:\n  Mails: mail.*\n' +
        '  the events have db.read, email.send, t0, t1, t2, t3, t4, t5 and 3 more\n',
    );
    const some = await sh.runArgs([
      'rules',
      'backtest',
      '--rules',
      rules,
      '--events',
      write(sh, 'm.ndjson', ndjson(event(0, { tool: 'mail.x' }), event(1, { tool: 'db.x' }))),
    ]);
    expect(some.err).not.toContain('can see nothing');
  });

  it('prints audit records, one per line, the same bytes every time, plain, packed and from standard input', async () => {
    const { sh, rules, events } = burst();
    const packed = write(sh, 'events.gz', gzipSync(readFileSync(events)));
    const [plain, again, unpacked] = [events, events, packed].map((file) =>
      sh.runArgs(['rules', 'backtest', '--rules', rules, '--events', file, '-o', 'json']),
    );
    let piped = '';
    const terminal = {
      out: (text: string) => void (piped += text),
      err: () => {},
      isTty: false,
      env: sh.env,
      stdin: () => Readable.from([readFileSync(packed)]),
    };
    expect(await runProgram(['rules', 'backtest', '--rules', rules, '--events', '-', '-o', 'json'], terminal)).toBe(0);
    expect((await plain!).code).toBe(0);
    const { out } = await plain!;
    expect([(await again!).out, (await unpacked!).out, piped]).toEqual([out, out, out]);
    const records = out
      .trimEnd()
      .split('\n')
      .map((line) => auditRecordSchema.parse(JSON.parse(line)));
    expect(records.map(({ type }) => type)).toEqual(['alert.firing', 'session.terminated']);
  });

  it('prints a table of every rule, and nothing that could move the cursor of a terminal', async () => {
    const { sh, rules, events } = burst();
    const { code, out, err } = await sh.runArgs(['rules', 'backtest', '--rules', rules, '--events', events]);
    expect(code).toBe(0);
    expect(out).toMatch(/^RULE +SEVERITY +ALERTS +KEYS +ACTIONS/);
    expect(out).toMatch(/^Three +critical +1 +1 +1 +0 +0 +2026-01-01T00:00:00Z$/m);
    expect(out).toMatch(/^session_kills +1 +20 per 1m +\S+ +acme$/m);
    expect(out + err).not.toContain('\u001b');
    expect(err).toMatch(/^3 events of 1 session from 2026-01-01T00:00:00Z to 2026-01-01T00:00:00Z, read in/);
  });

  it('runs the shipped rules over real traces', async () => {
    const { code, out, err } = await shell().runArgs(['rules', 'backtest', '--rules', RULES, '--events', TRACES]);
    expect(code).toBe(0);
    expect(err).toContain(`${readFileSync(TRACES, 'utf8').trim().split('\n').length} events`);
    expect(out).toContain('EmailBurst');
  });

  it('tells on stderr what was no event, and fails only where nothing was one', async () => {
    const { sh, rules } = burst();
    const mixed = write(sh, 'mixed.ndjson', Buffer.concat([BURST, ndjson('nonsense', '{}')]));
    const some = await sh.runArgs(['rules', 'backtest', '--rules', rules, '--events', mixed, '-o', 'json']);
    expect(some.code).toBe(0);
    expect(some.out.trimEnd().split('\n')).toHaveLength(2);
    expect(some.err).toContain('2 records left out that are no events:');
    expect(some.err).toContain(`${mixed}:4: the record is no JSON text`);
    const none = write(sh, 'none.ndjson', ndjson('nonsense'));
    expect((await sh.runArgs(['rules', 'backtest', '--rules', rules, '--events', none])).code).toBe(1);
    const empty = write(sh, 'empty.ndjson', '');
    const nothing = await sh.runArgs(['rules', 'backtest', '--rules', rules, '--events', empty]);
    expect(nothing).toMatchObject({ code: 1, err: 'No events were read.\n' });
  });

  it('takes times as people and machines write them', async () => {
    const { sh, rules, events } = burst();
    const span = ['--from', '2026-01-01T00:00:00.001Z', '--to', String(Date.UTC(2026, 0, 1) + 1)];
    const { code, err } = await sh.runArgs(['rules', 'backtest', '--rules', rules, '--events', events, ...span]);
    expect(code).toBe(0);
    expect(err).toContain('1 event of 1 session from');
    expect(err).toContain('2 events outside of --from and --to');
  });

  it('shows the difference to another rule set, as tables and as lines', async () => {
    const { sh, rules, events } = burst();
    const against = write(sh, 'against.yaml', rule('Two', 2));
    const args = ['rules', 'backtest', '--rules', rules, '--events', events, '--against', against];
    const table = await sh.runArgs(args);
    expect(table.out).toMatch(/^Three +1 +0 +0 +terminate_session$/m);
    expect(table.out).toMatch(/^Two +0 +1 +0 +terminate_session$/m);
    const json = await sh.runArgs([...args, '-o', 'json']);
    const compared = json.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(compared).toMatchObject([
      { rule: 'Two', action: 'terminate_session', rules: 0, against: 1 },
      { rule: 'Three', key: expect.stringContaining('tenant=acme,session='), rules: 1, against: 0 },
    ]);
  });

  it.each([
    [[], 'Nothing to read'],
    [['--events', TRACES, '--kafka'], 'not both'],
    [['--kafka'], 'no Kafka is configured'],
    [['--events', '/nowhere/events.ndjson'], '/nowhere/events.ndjson cannot be read'],
    [['--events', TRACES, '--from', 'yesterday'], 'Expected a time like'],
    [['--events', TRACES, '--from', '2', '--to', '1'], '--from is later than --to'],
    [['--events', TRACES, '-o', 'xml'], 'Allowed choices are table, json'],
  ])('says in one sentence what is wrong with %j, and ends with 2', async (args, sentence) => {
    const { code, out, err } = await shell().runArgs(['rules', 'backtest', '--rules', RULES, ...args]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(sentence);
    expect(err).not.toMatch(/\n\s+at /);
  });

  it('tells every error of wrong rules with its place, and ends with 1', async () => {
    const { sh, events } = burst();
    const wrong = write(sh, 'wrong.yaml', 'groups:\n  - name: g\n    rules: [{alert: A}]\n');
    const { code, err } = await sh.runArgs(['rules', 'backtest', '--rules', wrong, '--events', events]);
    expect(code).toBe(1);
    expect(err).toContain(`${wrong}:3:`);
  });

  it('needs no store: where only one of Kafka and Redis is configured, files are read all the same', async () => {
    const { sh, rules, events } = burst();
    sh.env.REDIS_URL = 'redis://127.0.0.1:1';
    expect((await sh.runArgs(['rules', 'backtest', '--rules', rules, '--events', events])).code).toBe(0);
  });
});
