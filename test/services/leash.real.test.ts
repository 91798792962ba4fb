import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { hold } from './leash.ts';
import { until } from './poll.ts';
import { startServices } from './services.ts';

const execute = promisify(execFile);
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const asModule = (code: string): string[] => ['--import', 'tsx', '--input-type=module', '-e', code];

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A process of its own that starts a Redis, says what it started, and then does nothing. */
async function processWithRedis(): Promise<{ kill: (signal: NodeJS.Signals) => void; redisPid: number; dir: string }> {
  const code = `
    const { startRedis } = await import(${JSON.stringify(here('./redis.ts'))});
    const redis = await startRedis();
    console.log(JSON.stringify({ redisPid: redis.pid(), dir: redis.dir }));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, asModule(code), { stdio: ['ignore', 'pipe', 'inherit'] });
  hold(child);
  for await (const line of createInterface({ input: child.stdout })) {
    return { ...JSON.parse(line), kill: (signal) => child.kill(signal) };
  }
  throw new Error('it ended before it said what it started');
}

test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('what a process started is gone after its %s', async (signal) => {
  const { kill, redisPid, dir } = await processWithRedis();
  expect(isAlive(redisPid)).toBe(true);
  kill(signal);
  expect(await until(() => !isAlive(redisPid) && !existsSync(dir), 10_000)).toBe(true);
});

test('services that the environment names are used as they are, and missed by name when they do not answer', async () => {
  const elsewhere = { KAFKA_BROKERS: '127.0.0.1:1', REDIS_URL: 'redis://127.0.0.1:1' };
  const failure = await startServices(elsewhere, 500).catch((error: Error) => error.message);
  expect(failure).toContain('KAFKA_BROKERS is set to 127.0.0.1:1, but no broker answers there');
  expect(failure).toContain('REDIS_URL is set, but no Redis answers there');
});

test('a machine that has nothing and can install nothing is told exactly what to install', async () => {
  const code = `
    const { startServices } = await import(${JSON.stringify(here('./services.ts'))});
    await startServices().catch((error) => console.log(error.message));`;
  const env = { ...process.env, PATH: '/nonexistent', KAFKA_BROKERS: '', REDIS_URL: '' };
  const { stdout } = await execute(process.execPath, asModule(code), { env });
  expect(stdout).toContain('apt-get install openjdk-17-jre-headless maven');
  expect(stdout).toContain('set KAFKA_BROKERS');
  expect(stdout).toContain('apt-get install redis-server');
  expect(stdout).toContain('set REDIS_URL');
});
