/** A real daemon on the embedded log and stores, on a clock of the test, and what its audit topic says in the end. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { openEmbeddedCheckpointStore } from '../../src/adapters/embedded/checkpoint-store.ts';
import { openEmbeddedEventLog } from '../../src/adapters/embedded/event-log.ts';
import { openEmbeddedKillStore } from '../../src/adapters/embedded/kill-store.ts';
import { type Config, DEFAULT_CONFIG } from '../../src/daemon/config/config.ts';
import { Daemon } from '../../src/daemon/daemon.ts';
import type { AuditFacts, AuditRecord } from '../../src/domain/audit-record.ts';
import type { EventLog, LogRecord, OutMessage } from '../../src/ports/event-log.ts';
import { newFolder } from '../adapters/embedded/folder.ts';
import { until } from '../services/poll.ts';

const UNBOUND = 1e9;
const NO_LIMITS: Config['responder']['limits'] = {
  sessionKills: { max: UNBOUND, perMs: 60_000 },
  timeouts: { max: UNBOUND, perMs: 60_000 },
  tenantFlips: { max: UNBOUND, perMs: 60_000 },
  shareOfActiveSessions: { max: 1, perMs: 60_000, atLeast: UNBOUND },
};

/** Nothing but the rules decides: limits are raised. */
export function unlimited(said: Partial<Config>): Config {
  return { ...DEFAULT_CONFIG, ...said, responder: { ...DEFAULT_CONFIG.responder, limits: NO_LIMITS } };
}

export interface Live {
  readonly config: Config;
  readonly clock: { time: number };
  readonly log: EventLog;
  append(messages: readonly OutMessage[]): Promise<void>;
  /** Everything appended is judged. */
  read(): Promise<void>;
  /** And 5 s later: every partition has followed the clock. @returns the horizon of all */
  settle(): Promise<number>;
  restart(): Promise<void>;
  records(): Promise<LogRecord[]>;
  audit(): Promise<AuditFacts[]>;
  close(): Promise<void>;
}

export async function startLive(
  rulesText: string,
  said: Partial<Config>,
  partitions: number,
  start: number,
): Promise<Live> {
  const dir = newFolder();
  mkdirSync(join(dir, 'rules'));
  writeFileSync(join(dir, 'rules', 'all.yaml'), rulesText);
  const config = unlimited({ ...said, rules: { dir: join(dir, 'rules') }, embedded: { dir } });
  const clock = { time: start };
  const time = { now: () => clock.time };
  const { topics } = config;
  const open = () => openEmbeddedEventLog({ dir, topics, clock: time, partitions });
  const log = open();
  const run = async (): Promise<Daemon> => {
    const store = openEmbeddedKillStore({ dir, clock: time });
    const ports = { log: open(), store, checkpoints: openEmbeddedCheckpointStore({ dir, clock: time }), clock: time };
    let crash: Error | null = null;
    const daemon = new Daemon({
      config,
      ports,
      logger: pino({ level: 'silent' }),
      onCrash: (error) => (crash = error),
    });
    await daemon.start();
    // What stands in the log before a partition is ours is replayed quietly.
    const assigned = () => [...(daemon.pipeline?.partitions ?? [])].length === partitions;
    if (crash !== null || !(await until(assigned, 20_000, 1))) throw crash ?? new Error('no partition was assigned');
    return daemon;
  };
  let daemon = await run();
  const readUpTo = async (horizon: number): Promise<void> => {
    const isThere = async () => {
      const partitions = [...(daemon.pipeline?.partitions ?? [])];
      const ends = await Promise.all(partitions.map(({ partition }) => log.endOffset(topics.events, partition)));
      return partitions.every(({ engine }, i) => engine.horizon >= horizon && engine.nextOffset >= (ends[i] ?? 0));
    };
    if (!(await until(isThere, 20_000, 5))) throw new Error('the daemon did not read all, or did not follow its clock');
  };
  return {
    config,
    clock,
    log,
    append: async (messages) => void (await log.append(topics.events, messages)),
    read: () => readUpTo(0),
    settle: async () => {
      clock.time += 5_000;
      await readUpTo(clock.time - 2_000);
      return clock.time - 2_000;
    },
    restart: async () => {
      await daemon.stop();
      daemon = await run();
    },
    records: () => all(log, topics.events),
    audit: async () => {
      await daemon.stop();
      return (await all(log, topics.audit)).map(({ value }) => factsOf(value as Uint8Array));
    },
    close: async () => {
      await daemon.stop();
      await log.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function all(log: EventLog, topic: string): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  await log.readAll(topic, (record) => records.push({ ...record, value: record.value?.slice() ?? null }));
  return records;
}

export function factsOf(value: Uint8Array): AuditFacts {
  const { chain: _, ...facts } = JSON.parse(Buffer.from(value).toString()) as AuditRecord;
  return facts;
}
