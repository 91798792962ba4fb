import { randomBytes, randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { Chain } from '../audit/chain.ts';
import { startedRecord } from '../audit/lifecycle-records.ts';
import { Relay } from '../audit/relay.ts';
import { messageOf } from '../domain/errors.ts';
import type { CompiledRuleSet } from '../domain/rule.ts';
import { isLaterEntry } from '../killswitch/outbox-id.ts';
import { Actuator } from './actuator.ts';
import type { Config } from './config/config.ts';
import type { Measured } from './gauges.ts';
import { jobsOf } from './jobs.ts';
import { KillMirror } from './kill-mirror.ts';
import { Lifecycle } from './lifecycle.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { OutgoingQueue } from './outgoing.ts';
import { closePorts, type Ports, publishedConfig, responderSettings } from './parts.ts';
import { Pipeline } from './pipeline.ts';
import { loadPredecessor, savePredecessor } from './predecessor.ts';
import { ReadinessBoard } from './readiness.ts';
import { retrying } from './retrying.ts';
import { checkRules, RulesHolder } from './rules-holder.ts';
import { schedule } from './schedule.ts';
import { SelfReport } from './self-report.ts';
import type { Shared } from './shared.ts';
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

/** 8 MiB a second: kills go to the same store. */
const CHECKPOINT_PACE = { everyMs: 5_000, bytesPerMs: (8 * 1024 ** 2) / 1_000 };
const CHECKPOINT_LOOK_MS = 100;
const TICK_MS = 250;
const FLUSH_MS = 10_000;

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
  readonly #report: SelfReport;
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
    this.#report = new SelfReport(this.board, options.logger, options.ports.clock);
    this.#life = new Lifecycle((name, message) => this.#logger.error({ part: name }, `stopping failed: ${message}`));
    this.board.problem('start', 'starting');
    this.#report.embedded(options.config);
    this.#life.add('ports', () => closePorts(options.ports));
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
   * Connects and runs. Resolves when it has asked for its partitions, or when it was stopped meanwhile; rejects when the rules are
   * invalid, or when something that does not heal by itself is in the way.
   */
  async start(): Promise<void> {
    try {
      await checkRules(this.config.rules.dir);
      await this.#start();
    } catch (error) {
      if (!this.#abort.signal.aborted) throw error;
    }
  }

  async #start(): Promise<void> {
    const { log, store, clock } = this.ports;
    const topics = this.config.topics;
    await this.#until('log', () => log.ensureTopics());
    const identity = await this.#until('log', () => log.identity());
    const keeper = new StoreKeeper(store, log, this.mirror, topics.kill_state, publishedConfig(this.config));
    await this.#until('store', () => keeper.open());

    const writer = randomUUID();
    const predecessor = await this.#until('checkpoints', () => loadPredecessor(this.ports.checkpoints, topics.audit));
    const queue = new OutgoingQueue(log, (message) => this.#logger.warn(message));
    this.#life.add('outgoing', () => queue.close());
    const trail = new Trail(new Chain(writer, predecessor.hash), queue, topics.audit);
    this.#report.useTrail(trail);
    this.#life.add('trail', async () => {
      await queue.flush(FLUSH_MS);
      await savePredecessor(this.ports.checkpoints, topics.audit, predecessor, trail);
    });
    trail.write(startedRecord(trail.next, clock.now(), `${store.place}, log ${identity}`), null);
    const rules = await this.#until('log', () => this.#openRules(trail));
    this.#rules = rules;

    const pipeline = this.#createPipeline(rules.current, this.#shared(identity, trail, queue, keeper));
    this.#pipeline = pipeline;
    this.#relay(new Relay(store, log, topics, writer), pipeline, keeper);
    await this.#follow(keeper, pipeline);
    this.#schedule(keeper, { metrics: this.metrics, pipeline, store, queue, mirror: this.mirror });
    this.#life.add('pipeline', () => pipeline.stop());
    await this.#until('log', () => pipeline.start());
    rules.watch();
    this.#life.add('rules', () => rules.stop());
    this.#every('watchdog', 1_000, async () => this.#watch(pipeline, queue));
    this.board.problem('start', null);
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
      partitionedBy: this.config.partitionedBy,
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
    let partitions: number | null = null;
    return RulesHolder.open({
      dir: this.config.rules.dir,
      partitionedBy: this.config.partitionedBy,
      partitions: async () => (partitions = await this.#partitions(partitions)),
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

  /** Rules are reloaded while Kafka is away too: what it said last holds until it says something else. */
  async #partitions(known: number | null): Promise<number> {
    try {
      return (await this.ports.log.partitions(this.config.topics.events)).length;
    } catch (error) {
      if (known === null) throw error;
      return known;
    }
  }

  #createPipeline(rules: CompiledRuleSet, shared: Shared): Pipeline {
    const { config } = this;
    this.metrics.rulesLoaded.set(rules.rules.length);
    return new Pipeline({ log: this.ports.log, checkpoints: this.ports.checkpoints }, rules, shared, {
      topic: config.topics.events,
      format: config.format,
      tools: config.tools,
      sessionEndsAfterMs: config.sessionEndsAfterMs,
      responder: responderSettings(config, shared.log),
      checkpoints: CHECKPOINT_PACE,
      hashKey: () => [...new Uint32Array(new Uint8Array(randomBytes(8)).buffer)],
      onNotice: (partition, notice) => this.#report.notice(partition, notice),
      onWaiting: (part, why) => this.board.problem(part, why),
      onReading: (partitions) => {
        const rulesNow = this.#rules?.current ?? rules;
        this.#report.reading({ partitions, rules: rulesNow.rules.length, store: this.ports.store.place });
      },
      onCrash: (error) => this.#options.onCrash(error),
    });
  }

  #relay(relay: Relay, pipeline: Pipeline, keeper: StoreKeeper): void {
    const run = async (): Promise<void> => {
      const published = await relay.run();
      // A limit may have been re-armed: who was told "durable" and asks next must not hear that it holds.
      if (published !== null && published > 0) this.#report.limits(await keeper.limits());
      const acknowledged = await this.ports.store.acknowledged();
      if (acknowledged !== null) pipeline.confirm(acknowledged, isLaterEntry);
    };
    this.#life.add('relay', async () => {
      await relay.run();
      await relay.release();
    });
    this.#every('relay', TICK_MS, run);
  }

  /** Published changes are hints to read the store sooner. */
  async #follow(keeper: StoreKeeper, pipeline: Pipeline): Promise<void> {
    this.mirror.onFence((fence) => void pipeline.fence(fence));
    const read = this.#every('store', 1_000, async () => {
      if (await keeper.follow()) return;
      const what = `${this.ports.store.place} was not what it had been (wiped, rolled back or rebuilt): it agrees with the topic again`;
      this.#report.degraded(what);
      await pipeline.doubt();
    });
    const heard = (change: unknown): void => {
      if (change === null) keeper.doubt();
      read();
    };
    this.#life.add('subscription', await this.#until('store', () => this.ports.store.subscribe(heard)));
    this.#every('retries', TICK_MS, () => pipeline.retry());
    this.#every('checkpointing', CHECKPOINT_LOOK_MS, () => pipeline.saveDue());
  }

  #schedule(keeper: StoreKeeper, measured: Measured): void {
    const { partitionedBy } = this.config;
    const jobs = jobsOf({ keeper, measured, report: this.#report, partitionedBy, clock: this.ports.clock });
    const stop = schedule(jobs, (job, message) => this.#logger.warn({ job }, message));
    this.#life.add('schedule', stop);
  }

  #watch(pipeline: Pipeline, queue: OutgoingQueue): void {
    const progress = pipeline.progress();
    this.#report.outages(pipeline, queue);
    const stall = stalled(progress, this.ports.clock.now());
    if (stall === null) return;
    this.#report.degraded(stall);
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
