import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shell } from './harness.ts';

const RULE = `groups:
  - name: g
    rules:
      - {alert: A, type: event_count, group_by: [session], window: 1m, condition: {gt: 3}}
`;

function withFiles(files: Readonly<Record<string, string>>) {
  const sh = shell();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(sh.dir, name, '..'), { recursive: true });
    writeFileSync(join(sh.dir, name), text);
  }
  return sh;
}

describe('config check', () => {
  it('tells every error with file:line:column, exit 1', async () => {
    const sh = withFiles({ 'c.yaml': 'http:\n  port: high\nlog: {level: loud}\n' });
    const ran = await sh.runArgs(['config', 'check', '--config', join(sh.dir, 'c.yaml')]);
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err.replaceAll(`${sh.dir}/`, '').split('\n')).toEqual([
      expect.stringMatching(/^c\.yaml:2:9: http\.port is "high", expected a port/),
      expect.stringMatching(/^c\.yaml:3:14: log\.level is "loud", expected /),
      '',
    ]);
  });

  it.each([
    ['http: {host: 0.0.0.0}', /:1:14: http\.host is "0\.0\.0\.0"/],
    ['http: {tokens: [{name: a, role: viewer, sha256: b}]}', /:1:17: http\.tokens asks for a token/],
    ['kafka: {brokers: [k:1], format: otlp_json}\nredis: embedded', /:1:33: kafka\.format is "otlp_json"/],
    ['kafka: {brokers: [k:1], ssl: {ca: no.pem}}\nredis: embedded', /:1:35: kafka\.ssl\.ca: no\.pem cannot be read/],
    ['kill_switch: {global_flag: agent_kill_index}', /:1:28: kill_switch\.global_flag/],
    ['kill_switch: {per_tenant_flag_prefix: agent_kill_global}', /:1:39: kill_switch\.per_tenant_flag_prefix/],
  ])('refuses what run refuses, in the same words and before anything is made: %s', async (text, sentence) => {
    const sh = withFiles({ 'c.yaml': text });
    const config = ['--config', join(sh.dir, 'c.yaml')];
    const checked = await sh.runArgs(['config', 'check', ...config]);
    expect(checked).toMatchObject({ code: 1, out: '', err: expect.stringMatching(sentence) });
    expect(checked.err.trimEnd().split('\n')).toHaveLength(1);
    expect(await sh.runArgs(['run', ...config])).toEqual({ ...checked, code: 2 });
    expect(readdirSync(sh.dir)).toEqual(['c.yaml']);
  });

  it('refuses rules that a daemon would not find, in the same words; what is wrong in them is for rules check', async () => {
    const sh = withFiles({ 'empty/README.md': '', 'wrong/a.yaml': 'groups: 7' });
    const check = (folder: string) => sh.runArgs(['config', 'check', '--rules', join(sh.dir, folder)]);
    for (const [folder, sentence] of [
      ['nosuch', /nosuch:1:1: there is no such file or folder, expected rules: name their folder with --rules/],
      ['empty', /empty:1:1: the folder has no rules, expected at least one/],
    ] as const) {
      const checked = await check(folder);
      expect(checked).toMatchObject({ code: 1, out: '', err: expect.stringMatching(sentence) });
      const ran = await sh.runArgs(['demo', '--once', '--port', '0', '--rules', join(sh.dir, folder)]);
      expect(ran).toEqual({ ...checked, code: 2 });
    }
    expect(await check('wrong')).toMatchObject({ code: 0, err: '' });
  });

  it('needs no certificates of Kafka for a kill: only the daemon reads them', async () => {
    const sh = withFiles({ 'c.yaml': 'kafka: {brokers: [k:1], ssl: {ca: no.pem}}\nredis: embedded' });
    const ran = await sh.runArgs(['state', '--config', join(sh.dir, 'c.yaml')]);
    expect(ran.err).toMatch(/There is no embedded store/);
  });

  it('judges environment and flags too, and tells problems as JSON', async () => {
    const sh = withFiles({ 'c.yaml': '{}' });
    sh.env.SENTINEL_HTTP_PORT = 'x';
    const ran = await sh.runArgs(['config', 'check', '--config', join(sh.dir, 'c.yaml'), '-o', 'json']);
    expect(ran).toMatchObject({ code: 1, err: '' });
    expect(JSON.parse(ran.out)).toMatchObject({
      valid: false,
      problems: [{ file: 'SENTINEL_HTTP_PORT', line: 1, column: 1 }],
    });
  });

  it('is one line where all is well, and never shows a password', async () => {
    const secret =
      'kafka: {brokers: [k:9092], sasl: {mechanism: plain, username: u, password: hush}}\nredis: {url: "redis://u:hush@r:6379"}\n';
    const sh = withFiles({ 'c.yaml': secret });
    const config = ['config', 'check', '--config', join(sh.dir, 'c.yaml')];
    const plain = await sh.runArgs(config);
    expect(plain).toMatchObject({ code: 0, err: '' });
    expect(plain.out.replace(`${sh.dir}/`, '')).toBe(
      'c.yaml: valid; log Kafka k:9092, store redis://***@r:6379, rules rules\n',
    );
    const json = await sh.runArgs([...config, '-o', 'json']);
    expect(JSON.parse(json.out)).toMatchObject({ valid: true, config: { kafka: { brokers: ['k:9092'] } } });
    expect(plain.out + json.out).not.toContain('hush');
  });

  it('of a file that is not there is a failed check; an unknown flag is wrong usage', async () => {
    const sh = withFiles({});
    expect(await sh.runArgs(['config', 'check', '--config', join(sh.dir, 'no.yaml')])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/no\.yaml:1:1: the file cannot be read/),
    });
    expect(await sh.run('sentinel config check --loud')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/unknown option/),
    });
    expect(await sh.run('sentinel config')).toMatchObject({ code: 2 });
  });
});

describe('rules check', () => {
  it('counts what is valid in one line, and in JSON', async () => {
    const sh = withFiles({ 'rules/a.yaml': RULE });
    sh.env.SENTINEL_RULES = join(sh.dir, 'rules');
    const ran = await sh.run('sentinel rules check');
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out.replace(`${sh.dir}/`, '')).toMatch(/^rules: 1 rule in 1 group, all valid \(set [0-9a-f]+\)\n$/);
    const json = JSON.parse((await sh.run('sentinel rules check -o json')).out);
    expect(json).toMatchObject({ valid: true, rules: 1, groups: 1, problems: [] });
  });

  it('tells every error of every file with its place, exit 1', async () => {
    const sh = withFiles({
      'a.yaml': RULE.replace('window: 1m', 'window: soon'),
      'b.yaml': RULE.replace('gt: 3', 'more: 3').replace('alert: A', 'alert: B').replace('name: g', 'name: h'),
    });
    const ran = await sh.runArgs(['rules', 'check', join(sh.dir, 'a.yaml'), join(sh.dir, 'b.yaml')]);
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err.trimEnd().split('\n').length).toBeGreaterThanOrEqual(2);
    expect(ran.err).toMatch(/a\.yaml:4:\d+: /);
    expect(ran.err).toMatch(/b\.yaml:4:\d+: /);
    const json = await sh.runArgs(['rules', 'check', join(sh.dir, 'a.yaml'), '-o', 'json']);
    expect(JSON.parse(json.out)).toMatchObject({ valid: false, problems: [{ line: 4, message: expect.any(String) }] });
  });

  it('refuses what these partitions cannot count, with the reason', async () => {
    const global = RULE.replace('[session]', '[global_tool]').replace('condition', 'severity: info, condition');
    const sh = withFiles({ 'a.yaml': global });
    const args = ['rules', 'check', join(sh.dir, 'a.yaml')];
    expect(await sh.runArgs(args)).toMatchObject({ code: 0 });
    sh.env.KAFKA_BROKERS = 'k:9092';
    sh.env.REDIS_URL = 'redis://r';
    expect(await sh.runArgs(args)).toMatchObject({ code: 1, err: expect.stringMatching(/partitioned by tenant/) });
  });

  it('of a folder that is not there is a failed check', async () => {
    const sh = withFiles({});
    expect(await sh.runArgs(['rules', 'check', join(sh.dir, 'none')])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/none:1:1: there is no such file or folder/),
    });
  });
});
