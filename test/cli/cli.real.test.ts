import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import type { Config } from '../../src/daemon/config/config.ts';
import { loadConfig } from '../../src/daemon/config/load.ts';
import { openPorts } from '../../src/daemon/open-ports.ts';
import { serve } from '../../src/daemon/serve.ts';
import { kafkaBrokers, redisUrl, unique } from '../services/context.ts';
import { until } from '../services/poll.ts';
import { freePorts } from '../services/ports.ts';
import { startRedis } from '../services/redis.ts';
import { type Ran, shell, words } from './harness.ts';

interface Setup {
  readonly url?: string;
  readonly brokers?: readonly string[];
  readonly port?: number;
  /** Names of topics and keys; the same name is the same installation. */
  readonly name?: string;
}

/** A shell with a configuration of its own on the real Kafka and Redis. */
function onServers({ url = redisUrl(), brokers = kafkaBrokers(), port = 0, name = unique('cli') }: Setup = {}) {
  const sh = shell({ SENTINEL_HTTP_PORT: String(port) });
  const topics = `{events: ${name}.e, audit: ${name}.a, kill_state: ${name}.k, dead_letter: ${name}.d}`;
  const file = join(sh.dir, 'sentinel.yaml');
  writeFileSync(
    file,
    `kafka: {brokers: [${brokers.map((each) => `"${each}"`)}], group_id: ${name}, topics: ${topics}}\n` +
      `redis: {url: "${url}", key_prefix: "${name}:"}\n`,
  );
  const redis = new Redis(url, { lazyConnect: true, keyPrefix: `${name}:` });
  redis.on('error', () => {});
  onTestFinished(() => redis.disconnect());
  const run = (line: string): Promise<Ran> => sh.runArgs([...words(line), '--config', file]);
  return { run, name, redis, config: (): Config => loadConfig({ file, env: sh.env }) };
}

async function initialised(setup: Setup = {}) {
  const at = onServers(setup);
  expect(await at.run('sentinel init')).toMatchObject({ code: 0, err: '' });
  return at;
}

async function daemon(config: Config): Promise<void> {
  const logger = pino({ level: 'silent' });
  const serving = await serve({ config, ports: await openPorts(config, logger), logger, onCrash: () => {} });
  onTestFinished(() => serving.stop());
  await serving.started;
}

test('without a daemon a kill is durable all the same: the command relays it', async () => {
  const { run, name } = await initialised();
  const ran = await run('sentinel kill tenant acme --yes --reason "too dear"');
  expect(ran).toMatchObject({ code: 0, err: '' });
  expect(ran.out).toMatch(new RegExp(`^applied: tenant:acme is disable_writes on redis://\\S+ \\(keys ${name}:…\\)\n`));
  expect(ran.out).toMatch(/\ndurable: \S+\.a has the record\n$/);
  const audit = await run('sentinel audit tail -o json');
  expect(JSON.parse(audit.out)).toMatchObject({ type: 'switch.tripped', tenant_id: 'acme', chain: { seq: 1 } });
  await run('sentinel restore tenant acme --reason "fixed"');
  const { out } = await run('sentinel audit tail');
  expect(out.match(/switch\.\w+/g)).toEqual(['switch.tripped', 'switch.cleared']);
});

test('with a daemon the daemon relays it, and only its own store is accepted', async () => {
  const [port = 0] = await freePorts(1);
  const at = onServers({ port });
  await daemon(at.config());
  expect(await at.run('sentinel kill session s1 --tenant acme --yes')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^applied: .*\n.*\ndurable: /),
  });
  expect(await until(async () => (await at.run('sentinel status')).code === 0, 10_000, 200)).toBe(true);
  expect((await at.run('sentinel status')).out).toMatch(
    /^daemon +ready on http:\/\/127\.0\.0\.1:\d+\nlag +0 records\n/m,
  );
  const other = onServers({ port });
  expect(await other.run('sentinel kill global')).toMatchObject({
    code: 2,
    err: expect.stringMatching(/^The daemon on .* uses the store redis:.*another one: nothing was changed/),
  });
});

test('where Kafka is away the kill is applied, and after 5 s the command says that it is not durable and exits 1', async () => {
  const [port = 0] = await freePorts(1);
  const name = unique('cli');
  const { run } = await initialised({ name });
  const away = onServers({ name, brokers: [`127.0.0.1:${port}`] });
  const began = performance.now();
  const ran = await away.run('sentinel kill global --reason "incident"');
  expect(performance.now() - began).toBeLessThan(8_000);
  expect(ran.code).toBe(1);
  expect(ran.out).toMatch(/^applied: global is disable_writes/);
  expect(ran.err).toMatch(/^not durable: .* within 5 s \(Kafka at .*\)\. The change is applied/);
  // The next command publishes what waited.
  expect(await run('sentinel restore global --reason "over"')).toMatchObject({ code: 0 });
  expect((await run('sentinel audit tail')).out.match(/switch\.\w+/g)).toEqual(['switch.tripped', 'switch.cleared']);
});

test('a Redis that is away, or refuses us, is one sentence with exit 1, for every command', async () => {
  const redis = await startRedis();
  onTestFinished(redis.stop);
  const client = new Redis(redis.url);
  onTestFinished(() => client.disconnect());
  await client.config('SET', 'requirepass', 'right');
  const wrong = onServers({ url: `redis://:wrong@127.0.0.1:${redis.port}` });
  const lines = ['kill global', 'restore global --reason x', 'state', 'why global', 'rearm', 'init'];
  for (const line of lines)
    expect(await wrong.run(`sentinel ${line}`)).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(/^Redis at redis:\/\/127\.0\.0\.1:\d+ refuses us \(WRONGPASS\).*\n$/),
    });
  const [port = 0] = await freePorts(1);
  const away = onServers({ url: `redis://127.0.0.1:${port}` });
  for (const line of lines)
    expect(await away.run(`sentinel ${line}`)).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/^Redis at redis:\/\/127\.0\.0\.1:\d+ does not answer: [^\n]*\n$/),
    });
  expect(await away.run('sentinel status')).toMatchObject({
    code: 1,
    out: expect.stringMatching(/store +Redis at .* does not answer/),
  });
});

test('a Redis whose settings could lose a kill is told in the status', async () => {
  const redis = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru', '--appendonly', 'no'] });
  onTestFinished(redis.stop);
  const { run } = await initialised({ url: redis.url });
  const { out, code } = await run('sentinel status');
  expect(code).toBe(0);
  expect(out).toMatch(/\nwarning +maxmemory-policy is allkeys-lru/);
  expect(out).toMatch(/\nwarning +appendonly is off/);
});

test('a wiped Redis still takes a kill, refuses a restore, and is complete again after init', async () => {
  const { run, redis, name } = await initialised();
  await run('sentinel kill tenant acme --yes');
  const keys = await redis.keys(`${name}:*`);
  await redis.del(...keys.map((key) => key.slice(name.length + 1)));
  expect(await run('sentinel restore tenant acme --reason x')).toMatchObject({
    code: 1,
    err: expect.stringMatching(/not initialised/),
  });
  const ran = await run('sentinel kill session:acme:s1 --yes');
  expect(ran).toMatchObject({ code: 0, err: expect.stringMatching(/not initialised.*The stop itself stands/) });
  expect((await run('sentinel init')).out).toMatch(/is initialised now, from \S+\.k: 2 scopes tripped/);
});

test('what docs/operating.md says to set by hand shows in the state, recorded and by whom', async () => {
  const { run, redis } = await initialised();
  const text = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8');
  const lines = (/```redis\n([\s\S]*?)```/.exec(text)?.[1] ?? '').trim().split('\n');
  const clearing = lines.filter((line) => line.endsWith(' 0'));
  const send = async (line: string) => {
    const [command = '', ...args] = line.split(' ');
    await redis.call(command, ...args);
  };
  for (const line of lines.slice(0, lines.length - clearing.length)) await send(line);
  const shown = (await run('sentinel state')).out;
  for (const row of [
    /^tenant:acme +stop_all .* redis-cli unknown +Set by hand$/m,
    /^session:acme:s1 +stop_all /m,
    /^global +disable_writes /m,
    /^tool::email\.send +disabled /m,
  ])
    expect(shown).toMatch(row);
  const why = (await run('sentinel why tenant acme')).out;
  const decision = /decision +(hand:\d+)/.exec(why)?.[1];
  expect(await run(`sentinel why ${decision}`)).toMatchObject({ code: 0, out: why });
  for (const line of clearing) await send(line);
  const after = (await run('sentinel state')).out;
  expect(after).not.toMatch(/^(tenant:acme|global) /m);
  expect(after).toMatch(/^session:acme:s1 /m);
});
