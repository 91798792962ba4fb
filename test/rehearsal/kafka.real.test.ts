import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import { type Config, DEFAULT_CONFIG } from '../../src/daemon/config/config.ts';
import { loadConfig } from '../../src/daemon/config/load.ts';
import { openPorts } from '../../src/daemon/open-ports.ts';
import { type Serving, serve } from '../../src/daemon/serve.ts';
import type { AuditFacts } from '../../src/domain/audit-record.ts';
import { createSetting, type Setting } from '../e2e/setting.ts';
import { kafkaBrokers } from '../services/context.ts';
import { until } from '../services/poll.ts';
import { alertsOf, decisionsOf } from './parity.ts';

const RULES = new URL('../../rules', import.meta.url).pathname;
const EVENTS = gunzipSync(readFileSync(new URL('./fixtures/agentdojo.ndjson.gz', import.meta.url)))
  .toString()
  .trim()
  .split('\n');

async function startDaemon(setting: Setting): Promise<Serving> {
  const read = loadConfig({ file: setting.config, env: {} });
  const config: Config = { ...read, rules: { dir: RULES }, http: { ...DEFAULT_CONFIG.http, port: 0 } };
  const logger = pino({ level: 'silent' });
  const serving = await serve({ config, ports: await openPorts(config, logger), logger, onCrash: () => {} });
  await serving.started;
  // What stands in the log before a partition is ours is replayed quietly.
  const assigned = () => [...(serving.daemon.pipeline?.partitions ?? [])].length === 4;
  expect(await until(assigned, 30_000)).toBe(true);
  return serving;
}

async function produce({ log, topics }: Setting): Promise<void> {
  for (const line of EVENTS) {
    await log.append(topics.events, [{ key: (JSON.parse(line) as { tenant_id: string }).tenant_id, value: line }]);
  }
  await log.append(topics.events, [{ key: 'x', value: '{"no":"event"}' }]);
}

/** Every partition of the daemon has read all there is. */
async function hasRead({ log, topics }: Setting, { daemon }: Serving): Promise<boolean> {
  for (const { partition, engine } of daemon.pipeline?.partitions ?? []) {
    if (engine.nextOffset < (await log.endOffset(topics.events, partition))) return false;
  }
  return true;
}

describe('a backtest of a Kafka topic', () => {
  it('has the alerts and decisions, with their ids, that the daemon had on it (invariant 21)', async () => {
    const setting = await createSetting({ rules: 'groups: []\n' });
    try {
      const serving = await startDaemon(setting);
      await produce(setting);
      expect(await until(() => hasRead(setting, serving), 60_000)).toBe(true);
      await serving.stop();
      const live = (await setting.audit()).map(({ chain: _, ...facts }): AuditFacts => facts);

      let out = '';
      let err = '';
      const terminal = {
        out: (text: string) => void (out += text),
        err: (text: string) => void (err += text),
        isTty: false,
        env: {},
      };
      const line = ['rules', 'backtest', '--config', setting.config, '--rules', RULES, '--kafka', '-o', 'json'];
      expect(await runProgram(line, terminal)).toBe(0);
      const past = out
        .trimEnd()
        .split('\n')
        .map((text) => JSON.parse(text) as AuditFacts);

      expect(err).toContain(`${EVENTS.length} events of`);
      expect(err).toMatch(/1 record left out that are no events:\n {2}missing_field: 1\n.*partition \d offset \d+: /);
      expect(decisionsOf(past).length).toBeGreaterThan(10);
      expect(alertsOf(past)).toEqual(alertsOf(live));
      expect(decisionsOf(past)).toEqual(decisionsOf(live));
    } finally {
      await setting.dispose();
    }
  });

  it.each([
    ['the brokers are not there', () => '127.0.0.1:1', '127.0.0.1:1'],
    ['there is no such topic', () => kafkaBrokers().join(','), 'agent.tool-calls'],
  ])('says in one sentence when %s', async (_, brokers, names) => {
    let err = '';
    const terminal = { out: () => {}, err: (text: string) => void (err += text), isTty: false, env: {} };
    const line = ['rules', 'backtest', '--rules', RULES, '--kafka', '--kafka-brokers', brokers()];
    expect(await runProgram(line, terminal)).toBe(1);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(err).toContain(names);
  });
});
