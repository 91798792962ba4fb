/** A real daemon on the embedded log and stores, on a clock of the test, and what its audit topic says in the end. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { openEmbeddedCheckpointStore } from '../../src/adapters/embedded/checkpoint-store.ts';
import { openEmbeddedEventLog } from '../../src/adapters/embedded/event-log.ts';
import { openEmbeddedKillStore } from '../../src/adapters/embedded/kill-store.ts';
import { type Config, DEFAULT_CONFIG } from '../../src/daemon/config/config.ts';
import { Daemon } from '../../src/daemon/daemon.ts';
import type { AuditRecord } from '../../src/domain/audit-record.ts';
import type { EventLog, LogRecord, OutMessage } from '../../src/ports/event-log.ts';
import type { KillStore, TripRequest } from '../../src/ports/kill-store.ts';
import { newFolder } from '../adapters/embedded/folder.ts';
import { until } from '../services/poll.ts';
import { kept } from '../support/kept-record.ts';
import { withNothingStanding } from './nothing-standing.ts';

const UNBOUND = 1e9;
const NO_LIMITS: Config['responder']['limits'] = {
  sessionKills: { max: UNBOUND, perMs: 60_000 },
  timeouts: { max: UNBOUND, perMs: 60_000 },
  tenantFlips: { max: UNBOUND, perMs: 60_000 },
  shareOfActiveSessions: { max: 1, perMs: 60_000, atLeast: UNBOUND },
};
/** Longer than any stream: nothing is too old to act upon. */
export const NEVER_STALE_MS = 366 * 86_400_000;
/** How long after its end a partition is known to be drained, ms. */
const DRAIN_MS = 2_000;

/** The rules and the records decide, not the present: limits are raised, and nothing is stale unless that is said. */
export function unlimited(said: Partial<Config>, staleAfterMs = NEVER_STALE_MS): Config {
  return { ...DEFAULT_CONFIG, ...said, responder: { ...DEFAULT_CONFIG.responder, limits: NO_LIMITS, staleAfterMs } };
}

export interface LiveOptions {
  /** Of rules. */
  readonly rules: string;
  readonly said?: Partial<Config>;
  readonly staleAfterMs?: number;
  readonly partitions: number;
  /** What the clock shows at first, epoch ms. */
  readonly time: number;
  /** Where there is no kill state, every decision changes something: as a backtest takes it. */
  readonly nothingStands?: boolean;
  /** Of the log, where it is to be another one's. */
  readonly identity?: string;
}

/** Reads only between `start` and `stop`; can be appended to all the time. */
export class Live {
  readonly config: Config;
  readonly clock: { time: number };
  readonly log: EventLog;
  /** What was asked of the kill store. */
  readonly trips: TripRequest[] = [];
  readonly #options: LiveOptions;
  readonly #dir: string;
  #daemon: Daemon | null = null;

  constructor(options: LiveOptions) {
    const dir = newFolder();
    mkdirSync(join(dir, 'rules'));
    writeFileSync(join(dir, 'rules', 'all.yaml'), options.rules);
    this.#options = options;
    this.#dir = dir;
    const places = { rules: { dir: join(dir, 'rules') }, embedded: { dir } };
    this.config = unlimited({ ...options.said, ...places }, options.staleAfterMs);
    this.clock = { time: options.time };
    this.log = this.#openLog();
  }

  async start(): Promise<void> {
    const store = this.#openStore();
    const checkpoints = openEmbeddedCheckpointStore({ dir: this.#dir, clock: this.#time });
    const ports = { log: this.#openLog(), store, checkpoints, clock: this.#time };
    let crash: Error | null = null;
    const daemon = new Daemon({
      config: this.config,
      ports,
      logger: pino({ level: 'silent' }),
      onCrash: (error) => (crash = error),
    });
    this.#daemon = daemon;
    await daemon.start();
    // What stands in the log before a partition is ours is replayed quietly where there is no checkpoint.
    const assigned = () => this.#partitions.length === this.#options.partitions;
    if (crash !== null || !(await until(assigned, 20_000, 1))) throw crash ?? new Error('no partition was assigned');
  }

  /** As SIGTERM does. */
  async stop(): Promise<void> {
    await this.#daemon?.stop();
    this.#daemon = null;
  }

  async append(messages: readonly OutMessage[]): Promise<void> {
    await this.log.append(this.config.topics.events, messages);
  }

  /** Everything appended is judged. */
  read(): Promise<void> {
    return this.#readUpTo(0);
  }

  /** And every partition has followed the clock, which goes on by that much. @returns the horizon of all */
  async settle(afterMs = 5_000): Promise<number> {
    this.clock.time += afterMs;
    const horizon = this.clock.time - DRAIN_MS;
    await this.#readUpTo(horizon);
    return horizon;
  }

  /** Everything in the events topic. */
  async records(): Promise<LogRecord[]> {
    return all(this.log, this.config.topics.events);
  }

  /** Everything in the audit topic, after a stop. */
  async audit(): Promise<AuditRecord[]> {
    await this.stop();
    return (await all(this.log, this.config.topics.audit)).map(({ value }) => recordOf(value as Uint8Array));
  }

  /** Scope texts of everything that is stopped. */
  async stopped(): Promise<string[]> {
    const store = this.#openStore();
    const { states } = await store.page(0, 100_000);
    await store.close();
    return states
      .filter(({ state }) => state.mode !== 'none')
      .map(({ scope }) => scope)
      .sort();
  }

  async close(): Promise<void> {
    await this.stop();
    await this.log.close();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  readonly #time = { now: () => this.clock.time };

  get #partitions() {
    return this.#daemon?.pipeline?.partitions ?? [];
  }

  #openLog(): EventLog {
    const { partitions, identity } = this.#options;
    const log = openEmbeddedEventLog({
      dir: this.#dir,
      topics: this.config.topics,
      clock: this.#time,
      partitions,
    });
    if (identity !== undefined) log.identity = async () => identity;
    return log;
  }

  #openStore(): KillStore {
    const store = openEmbeddedKillStore({ dir: this.#dir, clock: this.#time });
    return this.#options.nothingStands === true ? withNothingStanding(store, this.trips) : store;
  }

  async #readUpTo(horizon: number): Promise<void> {
    const isThere = async () => {
      for (const { partition, engine } of this.#partitions) {
        const end = await this.log.endOffset(this.config.topics.events, partition);
        if (engine.horizon < horizon || engine.nextOffset < end) return false;
      }
      return true;
    };
    if (!(await until(isThere, 20_000, 5))) throw new Error('the daemon did not read all, or did not follow its clock');
    // And what it has in hand is over: the clock may go on.
    await this.#daemon?.pipeline?.retry();
  }
}

async function all(log: EventLog, topic: string): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  await log.readAll(topic, (record) => records.push(kept(record)));
  return records;
}

function recordOf(value: Uint8Array): AuditRecord {
  return JSON.parse(Buffer.from(value).toString()) as AuditRecord;
}
