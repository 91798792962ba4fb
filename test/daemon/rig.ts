import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openEmbeddedCheckpointStore } from '../../src/adapters/embedded/checkpoint-store.ts';
import { openEmbeddedEventLog } from '../../src/adapters/embedded/event-log.ts';
import { openEmbeddedKillStore } from '../../src/adapters/embedded/kill-store.ts';
import { EmbeddedStore } from '../../src/adapters/embedded/store.ts';
import { Chain } from '../../src/audit/chain.ts';
import { Relay } from '../../src/audit/relay.ts';
import { Actuator } from '../../src/daemon/actuator.ts';
import type { CheckpointPace } from '../../src/daemon/checkpoints.ts';
import { DEFAULT_CONFIG, DEFAULT_TOPICS } from '../../src/daemon/config/config.ts';
import { KillMirror } from '../../src/daemon/kill-mirror.ts';
import { createMetrics } from '../../src/daemon/metrics.ts';
import { OUTGOING_LIMITS, type OutgoingLimits, OutgoingQueue } from '../../src/daemon/outgoing.ts';
import { publishedConfig } from '../../src/daemon/parts.ts';
import { Pipeline } from '../../src/daemon/pipeline.ts';
import type { Notice } from '../../src/daemon/pipeline-options.ts';
import type { Shared } from '../../src/daemon/shared.ts';
import { StoreKeeper } from '../../src/daemon/store-keeper.ts';
import { Trail } from '../../src/daemon/trail.ts';
import type { AuditRecord } from '../../src/domain/audit-record.ts';
import { SentinelError } from '../../src/domain/errors.ts';
import type { CompiledRuleSet } from '../../src/domain/rule.ts';
import type { CheckpointStore } from '../../src/ports/checkpoint-store.ts';
import type { EventLog, LogBatch, LogRecord, LogSubscription } from '../../src/ports/event-log.ts';
import type { KillStore } from '../../src/ports/kill-store.ts';
import type { ResponderSettings } from '../../src/responder/settings.ts';
import { compileRules } from '../../src/rules/compile.ts';
import { parseRules } from '../../src/rules/parse.ts';
import { newFolder } from '../adapters/embedded/folder.ts';
import { SETTINGS } from '../support/responder-settings.ts';

export const START = 1_790_000_000_000;
export const TOPICS = DEFAULT_TOPICS;
/** Short, so that a clock that moves on for the sake of a checkpoint changes nothing else. */
export const CHECKPOINT_EVERY_MS = 10;

const RAISED: ResponderSettings = {
  ...SETTINGS,
  limits: {
    sessionKills: { max: 10_000, perMs: 60_000 },
    timeouts: { max: 10_000, perMs: 60_000 },
    tenantFlips: { max: 10_000, perMs: 60_000 },
    shareOfActiveSessions: { max: 1, perMs: 60_000, atLeast: 10_000 },
  },
  onLimit: 'hold',
};

export function rulesOf(text: string): CompiledRuleSet {
  const result = parseRules([{ name: 'rules.yaml', content: text }]);
  if (result.status === 'invalid') throw new Error(result.problems.map(({ message }) => message).join('\n'));
  return compileRules(result.set);
}

export const BURST = rulesOf(`
groups:
  - name: burst
    rules:
      - alert: Burst
        type: event_count
        match: {kind: write}
        window: 10m
        condition: {gt: 3}
        severity: critical
`);

/** The outside world in one folder, with a clock of its own; what is down refuses as if it were away. */
export class World {
  readonly dir = newFolder();
  readonly down = new Set<'store' | 'checkpoints' | string>();
  /** What the next saves of checkpoints wait for before they look at a byte. */
  readonly saves: Promise<void>[] = [];
  readonly clock = { now: () => this.now };
  now = START;
  checkpointPace: CheckpointPace = { everyMs: CHECKPOINT_EVERY_MS, bytesPerMs: Number.POSITIVE_INFINITY };
  readonly log: EventLog;
  readonly store: KillStore;
  readonly checkpoints: CheckpointStore;

  constructor(partitions = 1) {
    const { clock, dir } = this;
    this.log = this.#failing(openEmbeddedEventLog({ dir, topics: TOPICS, clock, partitions }), (name, [topic]) =>
      name === 'append' ? String(topic) : '',
    );
    const names = publishedConfig(DEFAULT_CONFIG).names;
    const store = openEmbeddedKillStore({
      dir,
      names: { key_prefix: '', ...names },
      modeWhenEnabled: 'disable_writes',
      clock,
    });
    this.store = this.#failing(store, () => 'store');
    const checkpoints = openEmbeddedCheckpointStore({ dir, clock });
    const save = checkpoints.save.bind(checkpoints);
    checkpoints.save = async (...what) => {
      await this.saves.shift();
      return save(...what);
    };
    this.checkpoints = this.#failing(checkpoints, () => 'checkpoints');
  }

  /** Calls of parts that are down reject like those of a server that is away. */
  #failing<T extends object>(port: T, part: (name: string, args: readonly unknown[]) => string): T {
    return new Proxy(port, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          const asked = part(String(name), args);
          if (!this.down.has(asked)) return Reflect.apply(value, target, args) as unknown;
          return Promise.reject(new SentinelError('store_unavailable', `${asked} is away`, { retryable: true }));
        };
      },
    });
  }

  async produce(...values: readonly (object | string)[]): Promise<void> {
    await this.log.append(
      TOPICS.events,
      values.map((value) => ({ key: null, value: typeof value === 'string' ? value : JSON.stringify(value) })),
    );
  }

  async records(topic: string): Promise<LogRecord[]> {
    const records: LogRecord[] = [];
    await this.log.readAll(topic, (record) => void records.push(record));
    return records;
  }

  async audit(): Promise<AuditRecord[]> {
    const records = await this.records(TOPICS.audit);
    return records.map(({ value }) => JSON.parse(Buffer.from(value as Uint8Array).toString('utf8')) as AuditRecord);
  }

  /** Scope texts of everything that is stopped. */
  async stopped(): Promise<string[]> {
    const { states } = await this.store.page(0, 10_000);
    return states
      .filter(({ state }) => state.mode !== 'none')
      .map(({ scope }) => scope)
      .sort();
  }

  /** The kill store as it was when it was new. */
  async forgetKills(): Promise<void> {
    const store = EmbeddedStore.open(join(this.dir, 'kill'));
    await store.clear();
    await store.close();
  }

  async dispose(): Promise<void> {
    this.down.clear();
    await this.log.close();
    await this.store.close();
    await this.checkpoints.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

let lives = 0;

/** One life of a daemon's inside, driven step by step. It ends by `pipeline.stop()`, or without a word: a crash. */
export class Life {
  readonly world: World;
  readonly pipeline: Pipeline;
  readonly mirror: KillMirror;
  readonly keeper: StoreKeeper;
  readonly queue: OutgoingQueue;
  readonly trail: Trail;
  readonly relay: Relay;
  readonly metrics = createMetrics();
  readonly notices: Notice[] = [];
  readonly waiting = new Map<string, string>();
  /** How many partitions, every time that they were restored. */
  readonly reading: number[] = [];
  readonly commits: number[] = [];
  /** What the log says of itself with every batch. */
  logAppendTime = true;
  #next = new Map<number, number>();

  private constructor(
    world: World,
    identity: string,
    rules: CompiledRuleSet,
    settings: Partial<ResponderSettings>,
    limits: OutgoingLimits,
  ) {
    const { log, store, checkpoints } = world;
    const now = () => world.now;
    const writer = `writer-${++lives}`;
    this.world = world;
    this.mirror = new KillMirror(store);
    this.keeper = new StoreKeeper(store, log, this.mirror, TOPICS.kill_state, publishedConfig(DEFAULT_CONFIG));
    this.queue = new OutgoingQueue(log, () => {}, limits);
    this.trail = new Trail(new Chain(writer, null), this.queue, TOPICS.audit);
    this.relay = new Relay(store, log, TOPICS, writer);
    const responder = { ...RAISED, ...settings, log: identity };
    const shared: Shared = {
      log: identity,
      deadLetterTopic: TOPICS.dead_letter,
      cacheTtlMs: 2_000,
      partitionedBy: 'tenant',
      longestCooldownMs: () => 300_000,
      actuator: new Actuator(store, responder, now),
      mirror: this.mirror,
      trail: this.trail,
      queue: this.queue,
      metrics: this.metrics,
      now,
      onBlocked: (tenant, session) => void this.keeper.renew(tenant, session, world.now),
      onLeak: () => {},
    };
    const held = {
      consume: async () => this.#subscription(),
      endOffset: log.endOffset.bind(log),
      offsetAt: log.offsetAt.bind(log),
    };
    this.pipeline = new Pipeline({ log: held, checkpoints }, rules, shared, {
      topic: TOPICS.events,
      format: 'json',
      tools: DEFAULT_CONFIG.tools,
      sessionEndsAfterMs: 1_800_000,
      responder,
      checkpoints: world.checkpointPace,
      hashKey: () => [1, 2],
      onNotice: (_, notice) => void this.notices.push(notice),
      onWaiting: (part, why) => void (why === null ? this.waiting.delete(part) : this.waiting.set(part, why)),
      onReading: (partitions) => void this.reading.push(partitions),
      onCrash: (error) => {
        throw error;
      },
    });
  }

  static async begin(
    world: World,
    rules: CompiledRuleSet = BURST,
    settings: Partial<ResponderSettings> = {},
    limits: OutgoingLimits = OUTGOING_LIMITS,
  ): Promise<Life> {
    const life = new Life(world, await world.log.identity(), rules, settings, limits);
    await life.keeper.open();
    await life.pipeline.start();
    return life;
  }

  /** Takes partitions over. */
  async assign(...partitions: readonly number[]): Promise<void> {
    this.#next = new Map(await this.pipeline.assigned(partitions.length === 0 ? [0] : partitions));
  }

  /** Reads on, up to that offset (exclusive) where one is given, and tells the log what there is to tell. */
  async read(until = Number.POSITIVE_INFINITY, said: Partial<LogBatch> = {}): Promise<void> {
    if (this.#next.size === 0) await this.assign();
    await this.mirror.refresh().catch(() => {});
    const all = await this.world.records(TOPICS.events);
    for (const [partition, from] of this.#next) {
      const records = all.filter((one) => one.partition === partition && one.offset >= from && one.offset < until);
      const endOffset = await this.world.log.endOffset(TOPICS.events, partition);
      const nextOffset = (records.at(-1)?.offset ?? from - 1) + 1;
      this.#next.set(partition, nextOffset);
      await this.pipeline.batch({
        partition,
        records,
        nextOffset,
        endOffset,
        askedAt: this.world.now,
        logAppendTime: this.logAppendTime,
        isStale: () => false,
        heartbeat: async () => {},
        ...said,
      });
    }
  }

  /** What the daemon does once in a while. */
  async tick(): Promise<void> {
    await this.pipeline.retry();
    await this.pipeline.saveDue();
  }

  /** Everything on its way is in the log. */
  async settle(): Promise<void> {
    await this.relay.run();
    const acknowledged = await this.world.store.acknowledged();
    if (acknowledged !== null) this.pipeline.confirm(acknowledged, (a, b) => a > b);
    if (!(await this.queue.flush(2_000))) throw new Error(`not flushed: ${this.queue.outage}`);
  }

  async metric(name: string): Promise<number> {
    const metric = await this.metrics.registry.getSingleMetric(name)?.get();
    return metric?.values.reduce((sum, { value }) => sum + value, 0) ?? Number.NaN;
  }

  #subscription(): LogSubscription {
    return {
      commit: async (_, nextOffset) => void this.commits.push(nextOffset),
      pause: () => {},
      resume: () => {},
      outage: () => null,
      stop: async () => {},
    };
  }
}

let events = 0;

/** A valid event: a write of acme's session s1, now. */
export function event(ts: number, said: object = {}): Record<string, unknown> {
  return {
    event_id: `e${++events}`,
    ts,
    tenant_id: 'acme',
    session_id: 's1',
    tool: 'db.write',
    kind: 'write',
    ...said,
  };
}

/** As many events as asked for. */
export function burst(count: number, ts: number, said: object = {}): Record<string, unknown>[] {
  return Array.from({ length: count }, () => event(ts, said));
}
