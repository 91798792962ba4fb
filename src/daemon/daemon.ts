import { randomBytes, randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { Chain } from '../audit/chain.ts';
import { degradedRecord, startedRecord } from '../audit/lifecycle-records.ts';
import { Relay } from '../audit/relay.ts';
import { messageOf } from '../domain/errors.ts';
import { isLaterEntry } from '../killswitch/outbox-id.ts';
import { Actuator } from './actuator.ts';
import type { Config } from './config/config.ts';
import { KillMirror } from './kill-mirror.ts';
import { Lifecycle } from './lifecycle.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { OutgoingQueue } from './outgoing.ts';
import type { Shared } from './partition.ts';
import { type Ports, publishedConfig, responderSettings } from './parts.ts';
import { Pipeline } from './pipeline.ts';
import { loadPredecessor, savePredecessor } from './predecessor.ts';
import { ReadinessBoard } from './readiness.ts';
import { retrying } from './retrying.ts';
import { RulesHolder } from './rules-holder.ts';
import { schedule } from './schedule.ts';
import { StoreKeeper } from './store-keeper.ts';
import { Trail } from './trail.ts';
import { stalled } from './watchdog.ts';

export interface DaemonOptions {
  readonly config: Config;
  readonly ports: Ports;
  readonly logger: Logger;
  /** The daemon cannot go on: end the process with a non-zero exit. */
  readonly onCrash: (error: Error) => void;
}

const CHECKPOINT_EVERY_MS = 5_000;
const TICK_MS = 250;
const FLUSH_MS = 10_000;
const ACTIVE_WITHIN_MS = 10 * 60_000;

/**
 * The daemon: keeps the kill store, runs the one pipeline, relays the store's outbox, and reports on itself.
 *
 *   connecting ──► running ──► stopping ──► stopped
 *
 * While connecting it retries for ever and says in its readiness what it waits for. A crash of the consumer, or lag without
 * progress, ends it: a process that looks alive and stops nothing is worse than none.
 */
export class Daemon {
  readonly config: Config;
  readonly ports: Ports;
  readonly metrics: Metrics = createMetrics();
  readonly board = new ReadinessBoard();
  readonly mirror: KillMirror;
  readonly #logger: Logger;
  readonly #options: DaemonOptions;
  readonly #life: Lifecycle;
  readonly #abort = new AbortController();
  #pipeline: Pipeline | null = null;
  #rules: RulesHolder | null = null;
  #onLeak: () => void = () => {};

  constructor(options: DaemonOptions) {
    this.config = options.config;
    this.ports = options.ports;
    this.#options = options;
    this.#logger = options.logger;
    this.mirror = new KillMirror(options.ports.store);
    this.#life = new Lifecycle((name, message) => this.#logger.error({ part: name }, `stopping failed: ${message}`));
    this.board.problem('start', 'starting');
  }

  /** The rules in force; null before they are read. */
  get rules(): RulesHolder | null {
    return this.#rules;
  }

  get pipeline(): Pipeline | null {
    return this.#pipeline;
  }

  onLeak(listener: () => void): void {
    this.#onLeak = listener;
  }

  /**
   * Connects and runs. Resolves when events are being read; rejects when the rules are invalid, or after `stop`.
   */
  async start(): Promise<void> {
    const { log, store, clock } = this.ports;
    const topics = this.config.topics;
    this.#life.add('ports', async () => {
      await log.close();
      await this.ports.checkpoints.close();
      await store.close();
    });
    await this.#until('log', () => log.ensureTopics());
    const identity = await this.#until('log', () => log.identity());
    const keeper = new StoreKeeper(store, log, this.mirror, topics.kill_state, publishedConfig(this.config));
    await this.#until('store', () => keeper.open());

    const writer = randomUUID();
    const predecessor = await this.#until('checkpoints', () => loadPredecessor(this.ports.checkpoints, topics.audit));
    const queue = new OutgoingQueue(log, (message) => this.#logger.warn(`the log takes nothing: ${message}`));
    this.#life.add('outgoing', () => queue.close());
    const trail = new Trail(new Chain(writer, predecessor.hash), queue, topics.audit);
    trail.write(startedRecord(trail.next, clock.now(), `${store.place}, log ${identity}`), null);
    this.#rules = await this.#openRules(trail);

    const shared = this.#shared(identity, trail, queue, keeper);
    this.#pipeline = this.#createPipeline(shared);
    this.#life.add('trail', async () => {
      await queue.flush(FLUSH_MS);
      await savePredecessor(this.ports.checkpoints, topics.audit, predecessor, trail);
    });
    this.#relay(new Relay(store, log, topics, writer));
    await this.#follow(keeper);
    this.#schedule(keeper, queue);
    this.#life.add('pipeline', () => this.#pipeline?.stop());
    await this.#pipeline.start();
    this.#rules.watch();
    this.#life.add('rules', () => this.#rules?.stop());
    this.#every('watchdog', 1_000, async () => this.#watch(trail));
    this.board.problem('start', null);
    this.#logger.info({ rules: this.#rules.current.rules.length, store: store.place }, 'reading events');
  }

  /** Finishes the batch, checkpoints, commits, flushes and leaves. Idempotent. */
  async stop(): Promise<void> {
    this.board.problem('stop', 'stopping');
    this.#abort.abort();
    await this.#life.stop();
  }

  #shared(log: string, trail: Trail, queue: OutgoingQueue, keeper: StoreKeeper): Shared {
    const { store, clock } = this.ports;
    return {
      log,
      deadLetterTopic: this.config.topics.dead_letter,
      cacheTtlMs: this.config.killSwitch.cacheTtlS * 1_000,
      longestCooldownMs: () => Math.max(0, ...(this.#rules?.current.rules.map(({ rule }) => rule.cooldownMs) ?? [])),
      actuator: new Actuator(store, responderSettings(this.config, log), () => clock.now()),
      mirror: this.mirror,
      trail,
      queue,
      metrics: this.metrics,
      now: () => clock.now(),
      onBlocked: (tenant, session) =>
        void keeper
          .renew(tenant, session, clock.now())
          .catch((error) => this.#logger.warn(`a kill could not be renewed: ${messageOf(error)}`)),
      onLeak: () => this.#onLeak(),
    };
  }

  async #openRules(trail: Trail): Promise<RulesHolder> {
    return RulesHolder.open({
      dir: this.config.rules.dir,
      partitionedBy: this.config.partitionedBy,
      partitions: async () => (await this.ports.log.partitions(this.config.topics.events)).length,
      trail,
      now: () => this.ports.clock.now(),
      onLoaded: async (rules) => {
        await this.#pipeline?.reload(rules);
        this.metrics.rulesLoaded.set(rules.rules.length);
        this.#logger.info({ rules: rules.rules.length, hash: rules.set.hash }, 'rules loaded');
      },
      onRejected: (errors) => {
        this.metrics.rulesRejected.set(errors === null ? 0 : 1);
        this.board.notice('rules', errors === null ? null : `rejected, the last good set stays: ${errors.join('; ')}`);
        for (const error of errors ?? []) this.#logger.error(`rules rejected: ${error}`);
      },
    });
  }

  #createPipeline(shared: Shared): Pipeline {
    const { config } = this;
    const rules = this.#rules!.current;
    this.metrics.rulesLoaded.set(rules.rules.length);
    return new Pipeline({ log: this.ports.log, checkpoints: this.ports.checkpoints }, rules, shared, {
      topic: config.topics.events,
      format: config.format,
      tools: config.tools,
      sessionEndsAfterMs: config.sessionEndsAfterMs,
      responder: responderSettings(config, shared.log),
      checkpointEveryMs: CHECKPOINT_EVERY_MS,
      hashKey: () => new Uint32Array(new Uint8Array(randomBytes(8)).buffer) as unknown as readonly number[],
      onNotice: (partition, notice) => this.#logger.warn({ partition }, notice),
      onCrash: (error) => this.#options.onCrash(error),
    });
  }

  #relay(relay: Relay): void {
    const run = async (): Promise<void> => {
      await relay.run();
      const acknowledged = await this.ports.store.acknowledged();
      if (acknowledged !== null) this.#pipeline?.confirm(acknowledged, isLaterEntry);
    };
    this.#life.add('relay', async () => {
      await relay.run();
      await relay.release();
    });
    this.#every('relay', TICK_MS, run);
  }

  /** Published changes are hints to read the store sooner. */
  async #follow(keeper: StoreKeeper): Promise<void> {
    this.mirror.onFence((fence) => void this.#pipeline?.fence(fence));
    const read = this.#every('store', 1_000, async () => {
      if (!(await keeper.follow())) this.#logger.warn('the kill store was another one than before: rebuilt');
    });
    this.#life.add('subscription', await this.ports.store.subscribe(() => read()));
    this.#every('retries', TICK_MS, async () => this.#pipeline?.tick());
  }

  #schedule(keeper: StoreKeeper, queue: OutgoingQueue): void {
    const { store, clock } = this.ports;
    const stop = schedule(
      [
        { name: 'expiry', every: '*/1 * * * * *', run: async () => void (await keeper.expire(clock.now())) },
        { name: 'adoption', every: '*/5 * * * * *', run: () => keeper.adoptAll() },
        { name: 'sweep', every: '0 7 * * * *', run: () => keeper.sweep() },
        {
          name: 'active sessions',
          every: '*/5 * * * * *',
          run: async () => {
            for (const { partition, engine } of this.#pipeline?.partitions ?? []) {
              await store.putActiveSessions(partition, engine.activeSessions(ACTIVE_WITHIN_MS));
            }
          },
        },
        { name: 'gauges', every: '*/2 * * * * *', run: () => this.#gauge(queue) },
      ],
      (name, message) => this.#logger.warn({ job: name }, message),
    );
    this.#life.add('schedule', stop);
  }

  async #gauge(queue: OutgoingQueue): Promise<void> {
    const { metrics } = this;
    const pipeline = this.#pipeline;
    if (pipeline === null) return;
    let active = 0;
    for (const { engine } of pipeline.partitions) active += engine.activeSessions(ACTIVE_WITHIN_MS);
    metrics.activeSessions.set(active);
    metrics.stateBytes.set(pipeline.stateBytes);
    for (const { partition, lag } of pipeline.progress())
      metrics.consumerLag.set({ partition: String(partition) }, lag);
    metrics.auditPending.set(queue.size + (await this.ports.store.pendingCount()));
  }

  #watch(trail: Trail): void {
    const pipeline = this.#pipeline;
    if (pipeline === null) return;
    const progress = pipeline.progress();
    const outage = progress.find(({ pausedFor }) => pausedFor !== null)?.pausedFor ?? null;
    this.board.problem('log', outage);
    const waiting = [...pipeline.partitions].find(({ storeOutage }) => storeOutage !== null)?.storeOutage ?? null;
    if (waiting !== null) this.board.problem('store', waiting);
    const stall = stalled(progress, this.ports.clock.now());
    if (stall === null) return;
    trail.write(degradedRecord(trail.next, this.ports.clock.now(), stall), null);
    this.#options.onCrash(new Error(stall));
  }

  /** Tries until it works, and says meanwhile what is waited for. */
  #until<T>(part: string, attempt: () => Promise<T>): Promise<T> {
    return retrying(attempt, this.#abort.signal, (message) => {
      this.board.problem(part, message);
      if (message !== null) this.#logger.warn({ part }, message);
    });
  }

  /** Runs again and again, never twice at a time, until the stop. @returns runs it sooner. */
  #every(part: string, ms: number, run: () => Promise<void>): () => void {
    let running: Promise<void> | null = null;
    const once = (): void => {
      if (this.#abort.signal.aborted) return;
      running ??= run()
        .then(() => this.board.problem(part, null))
        .catch((error) => this.board.problem(part, messageOf(error)))
        .finally(() => {
          running = null;
        });
    };
    const timer = setInterval(once, ms);
    this.#life.add(part, async () => {
      clearInterval(timer);
      await running;
    });
    return once;
  }
}
