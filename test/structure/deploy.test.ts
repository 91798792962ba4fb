import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { copiesOf, stagesOf } from './dockerfile.ts';
import { ROOT } from './tree.ts';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const packageJson = JSON.parse(read('package.json'));
const stages = stagesOf(read('Dockerfile'));
const runtime = stages.at(-1)!;
const argumentOf = (name: string): string => runtime.instructions.findLast((one) => one.name === name)?.rest ?? '';

describe('the reader of Dockerfiles', () => {
  const text = '# head\nFROM a:1 AS one\nCOPY x y ./\nRUN p \\\n  && q\nFROM b\nCOPY --from=one /x ./x\n';

  test('sees stages and continued lines', () => {
    const [one, last] = stagesOf(text);
    expect(one).toMatchObject({ name: 'one', image: 'a:1' });
    expect(one?.instructions.at(-1)).toEqual({ name: 'RUN', rest: 'p    && q' });
    expect(last).toMatchObject({ name: '', image: 'b' });
  });

  test('sees what is copied from where', () => {
    expect(stagesOf(text).flatMap(copiesOf)).toEqual([
      { from: undefined, sources: ['x', 'y'] },
      { from: 'one', sources: ['/x'] },
    ]);
  });
});

describe('the Dockerfile', () => {
  const fromContext = stages.flatMap(copiesOf).filter(({ from }) => from === undefined);

  test('copies between stages that exist, and only from earlier ones', () => {
    stages.forEach((stage, index) => {
      const earlier = stages.slice(0, index).map(({ name }) => name);
      for (const { from } of copiesOf(stage)) if (from !== undefined) expect(earlier).toContain(from);
    });
  });

  test('copies only what the tree has', () => {
    expect(fromContext.flatMap(({ sources }) => sources).filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  test('.dockerignore lets through exactly what is copied', () => {
    const rules = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(rules[0]).toBe('*');
    const admitted = rules.slice(1).map((rule) => rule.replace(/^!/, ''));
    expect(new Set(admitted)).toEqual(new Set(fromContext.flatMap(({ sources }) => sources)));
  });

  test('builds on one Node line that the package supports', () => {
    const images = new Set(stages.map(({ image }) => image));
    expect(images).toEqual(new Set(['node:24-slim']));
    expect(packageJson.engines.node).toBe('>=20.19');
  });

  test('runs the daemon, as another user than root, and asks it for its health', () => {
    expect(argumentOf('USER')).toBe('node');
    expect(JSON.parse(argumentOf('ENTRYPOINT'))).toEqual(['node', packageJson.bin.sentinel]);
    expect(JSON.parse(argumentOf('CMD'))).toEqual(['run']);
    const health = /^(?:--\S+\s+)+CMD (\[.*\])$/.exec(argumentOf('HEALTHCHECK'))?.[1] ?? '[]';
    expect(JSON.parse(health)).toEqual(['node', '-e', expect.stringMatching(/fetch\(.*\/healthz/)]);
  });
});

interface Service {
  image?: string;
  build?: { context: string; target: string };
  command?: string[];
  environment?: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  healthcheck?: unknown;
  depends_on?: Record<string, { condition: string }>;
}

describe('deploy/compose.yaml', () => {
  const compose: { services: Record<string, Service>; volumes: Record<string, unknown> } = parse(
    read('deploy/compose.yaml'),
  );
  const { kafka, redis, sentinel } = compose.services as Record<'kafka' | 'redis' | 'sentinel', Service>;

  test('builds the daemon from our Dockerfile, from a stage that exists', () => {
    expect(existsSync(join(ROOT, 'deploy', sentinel.build?.context ?? '', 'Dockerfile'))).toBe(true);
    expect(stages.map(({ name }) => name)).toContain(sentinel.build?.target);
  });

  test('starts the daemon when Kafka and Redis answer, and points it at them', () => {
    for (const [name, { condition }] of Object.entries(sentinel.depends_on ?? {})) {
      expect(condition).toBe('service_healthy');
      expect(compose.services[name]?.healthcheck).toBeDefined();
    }
    expect(Object.keys(sentinel.depends_on ?? {})).toEqual(['kafka', 'redis']);
    expect(kafka.environment?.KAFKA_ADVERTISED_LISTENERS).toContain(
      `INTERNAL://${sentinel.environment?.KAFKA_BROKERS}`,
    );
    expect(new URL(sentinel.environment?.REDIS_URL ?? '').hostname).toBe('redis');
  });

  test('keeps the kill state on disk and evicts none of it', () => {
    const command = redis.command?.join(' ');
    expect(command).toContain('--appendonly yes');
    expect(command).toContain('--maxmemory-policy noeviction');
  });

  test('runs one Kafka process that is broker and controller, of the version that the tests use', () => {
    expect(kafka.environment?.KAFKA_PROCESS_ROLES).toBe('broker,controller');
    const tested = /KAFKA_VERSION = '([\d.]+)'/.exec(read('test/services/kafka-install.ts'))?.[1];
    expect(kafka.image).toBe(`apache/kafka:${tested}`);
  });

  test('publishes nothing beyond this machine, and pins every image', () => {
    for (const { ports = [], image } of Object.values(compose.services)) {
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
      if (image !== undefined) expect(image).toMatch(/:\d+\.\d+/);
    }
  });

  test('declares every volume that it mounts', () => {
    const mounted = Object.values(compose.services).flatMap(({ volumes = [] }) =>
      volumes.map((volume) => volume.split(':')[0]),
    );
    expect(mounted.sort()).toEqual(Object.keys(compose.volumes).sort());
  });
});
