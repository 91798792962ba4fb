/** A real Redis Sentinel that watches one primary, which it calls `main`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { temporaryDirectory } from './leash.ts';
import { freePorts } from './ports.ts';
import { provisionRedis } from './redis.ts';
import { server } from './server.ts';

export interface RedisSentinel {
  readonly port: number;
  stop(): Promise<void>;
}

export interface RedisSentinelOptions {
  /** Port of the primary. */
  readonly primary: number;
  /** Further flags, as `redis-server` takes them. */
  readonly args?: readonly string[];
  /** Where it listens with TLS instead, as `args` then must say how. */
  readonly tls?: boolean;
}

/** Finds out within half a second that its primary is gone, and needs nobody's agreement. */
export async function startRedisSentinel({
  primary,
  args = [],
  tls = false,
}: RedisSentinelOptions): Promise<RedisSentinel> {
  await provisionRedis();
  const [port = 0, plainPort = 0] = await freePorts(2);
  const dir = temporaryDirectory('sentinel');
  const file = join(dir, 'sentinel.conf');
  const settings = [
    `sentinel monitor main 127.0.0.1 ${primary} 1`,
    'sentinel down-after-milliseconds main 500',
    'sentinel failover-timeout main 2000',
  ];
  writeFileSync(file, `${settings.join('\n')}\n`);
  const ports = tls ? ['--port', String(plainPort), '--tls-port', String(port)] : ['--port', String(port)];
  const sentinel = server({
    name: 'redis-sentinel',
    command: 'redis-server',
    args: [file, '--sentinel', '--bind', '127.0.0.1', '--dir', dir, ...ports, ...args],
    dir,
    ready: () => knowsPrimary(tls ? plainPort : port),
    readyWithinMs: 30_000,
  });
  await sentinel.start();
  return { port, stop: sentinel.stop };
}

async function knowsPrimary(port: number): Promise<boolean> {
  const client = new Redis(port, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  client.on('error', () => {}); // the rejection says it
  try {
    await client.connect();
    return (await client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'main')) !== null;
  } finally {
    client.disconnect();
  }
}
