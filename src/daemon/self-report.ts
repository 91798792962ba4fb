import type { Logger } from 'pino';
import { degradedRecord } from '../audit/lifecycle-records.ts';
import type { Clock } from '../ports/clock.ts';
import type { TrippedLimit } from '../ports/kill-store.ts';
import type { Config } from './config/config.ts';
import type { OutgoingQueue } from './outgoing.ts';
import type { Pipeline } from './pipeline.ts';
import type { Notice } from './pipeline-options.ts';
import type { ReadinessBoard } from './readiness.ts';
import { scattered } from './scattered.ts';
import type { Trail } from './trail.ts';

/** How many scopes one message names. */
const NAMED_MAX = 5;

/** What the daemon finds out about itself, told where people look: readiness, log and audit. */
export class SelfReport {
  readonly #board: ReadinessBoard;
  readonly #logger: Logger;
  readonly #clock: Clock;
  #trail: Trail | null = null;
  #isScattered = false;
  #waitsForLog = false;
  #waitsForStore = false;

  constructor(board: ReadinessBoard, logger: Logger, clock: Clock) {
    this.#board = board;
    this.#logger = logger;
    this.#clock = clock;
  }

  /** From now on there is an audit to write to. */
  useTrail(trail: Trail): void {
    this.#trail = trail;
  }

  /** Something works, or has worked, less well than it should. */
  degraded(what: string): void {
    this.#logger.warn(what);
    this.#trail?.write(degradedRecord(this.#trail.next, this.#clock.now(), what), null);
  }

  /** Nobody uses what is embedded by accident. */
  embedded({ kafka, redis, embedded: { dir } }: Config): void {
    if (kafka === null) this.#board.notice('log', `no Kafka is configured: events and audit are kept in ${dir}`);
    if (redis === null) this.#board.notice('store', `no Redis is configured: the kill state is kept in ${dir}`);
  }

  reading(facts: { readonly partitions: number; readonly rules: number; readonly store: string }): void {
    this.#logger.info(facts, 'reading events');
  }

  /** Scopes of which the kill store had lost the state. */
  lost(scopes: readonly string[]): void {
    if (scopes.length === 0) return;
    const named = scopes.slice(0, NAMED_MAX).join(', ') + (scopes.length > NAMED_MAX ? ', …' : '');
    const count = scopes.length === 1 ? '1 scope' : `${scopes.length} scopes`;
    const what = `the kill store had lost the state of ${count} (${named})`;
    this.degraded(`${what}: what is remembered stands again, anything else denies until it is restored`);
  }

  notice(partition: number, { kind, text }: Notice): void {
    if (kind === 'loss') {
      this.#board.notice(`partition ${partition}`, text);
      this.degraded(`partition ${partition}: ${text}`);
      return;
    }
    this.#logger[kind === 'information' ? 'info' : 'warn']({ partition }, text);
    if (kind === 'producer_time') this.#board.notice('events', text);
  }

  limits(tripped: readonly TrippedLimit[]): void {
    const names = tripped.map(({ name }) => name).join(', ');
    const what = `the automation's limits are reached (${names}): it holds until "sentinel rearm"`;
    this.#board.notice('limits', tripped.length === 0 ? null : what);
  }

  /** Told once: it is a matter of how producers are set up. */
  partitioning({ partitions }: Pipeline, by: 'tenant' | 'session'): void {
    if (this.#isScattered) return;
    const places = partitions.map(({ partition, engine }) => ({ partition, symbols: engine.symbols }));
    const what = scattered(places, by);
    if (what === null) return;
    this.#isScattered = true;
    this.#board.notice('partitioned_by', what);
    this.#logger.warn(what);
  }

  /** What is waited for now, by part. */
  outages({ outage, partitions }: Pipeline, queue: OutgoingQueue): void {
    this.#board.problem('log', outage);
    if (outage !== null && !this.#waitsForLog) this.#logger.warn({ part: 'log' }, outage);
    this.#waitsForLog = outage !== null;
    this.#board.problem('outgoing', queue.outage);
    const waiting = partitions.find(({ storeOutage }) => storeOutage !== null)?.storeOutage ?? null;
    const what = waiting === null ? null : `decisions wait for the kill store: ${waiting}`;
    this.#board.problem('decisions', what);
    if (what !== null && !this.#waitsForStore) this.degraded(what);
    this.#waitsForStore = what !== null;
  }
}
