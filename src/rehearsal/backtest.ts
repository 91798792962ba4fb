import type { RecordHeaders } from '../domain/event/decode.ts';
import type { Rejection } from '../domain/event/rejection.ts';
import type { CompiledRuleSet, RuleSet } from '../domain/rule.ts';
import { compileRules } from '../rules/compile.ts';
import { APPEND_TIME_MAX, type Position, type Positioned } from './positioned-line.ts';
import { type Listener, type RehearsalSettings, RehearsedPartition } from './rehearsed-partition.ts';

/** Which append times are fed, epoch ms, both inclusive. */
export interface TimeSpan {
  readonly from: number;
  readonly to: number;
}

export const ALL_TIME: TimeSpan = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };

/** What became of a record: an event that was judged, one outside of the span, an offset read before, or no event. */
export type Fate = 'taken' | 'outside' | 'known' | Rejection;

const TOO_FAR: Rejection = { reason: 'invalid_field', detail: 'ts: expected a time before 2109, in milliseconds' };

/** One rule set over past events, partition by partition as live. */
export class Backtest {
  /** Least and greatest append time of what was judged, epoch ms. */
  first = Number.POSITIVE_INFINITY;
  last = Number.NEGATIVE_INFINITY;
  readonly #rules: CompiledRuleSet;
  readonly #settings: RehearsalSettings;
  readonly #span: TimeSpan;
  readonly #listener: Listener;
  readonly #partitions = new Map<number, RehearsedPartition>();

  constructor(rules: RuleSet, settings: RehearsalSettings, span: TimeSpan, listener: Listener) {
    this.#rules = compileRules(rules);
    this.#settings = settings;
    this.#span = span;
    this.#listener = listener;
  }

  /** Takes a record of a log: an event's bytes, or its value. What is no event is to be given to `skip` too. */
  record({ partition, offset, appendedAt, event }: Positioned<unknown>, headers?: RecordHeaders): Fate {
    if (!this.#covers(appendedAt)) return 'outside';
    const held = this.#partition(partition);
    if (offset < held.engine.nextOffset) return 'known';
    const { decoder } = held;
    const rejection = event instanceof Uint8Array ? decoder.decode(event, headers) : decoder.decodeValue(event);
    if (rejection !== null) return rejection;
    this.#step(held, offset, appendedAt);
    return 'taken';
  }

  /** A record that is no event: only its place and time count, as live. */
  skip({ partition, offset, appendedAt }: Position): void {
    if (this.#covers(appendedAt)) this.#partition(partition).skip(offset, appendedAt);
  }

  /** Takes an event without a position: of partition 0, appended at its `ts`. */
  plain(offset: number, event: Uint8Array): Fate {
    const held = this.#partition(0);
    const rejection = held.decoder.decode(event);
    if (rejection !== null) return rejection;
    const { ts } = held.decoder.view;
    const fate = ts >= APPEND_TIME_MAX ? TOO_FAR : this.#covers(ts) ? 'taken' : 'outside';
    if (fate === 'taken') this.#step(held, offset, ts);
    else held.discard();
    return fate;
  }

  /** Ends it. Where the span has an end, time goes on to there: what is due by then still fires. */
  end(): void {
    if (this.#span.to === Number.POSITIVE_INFINITY) return;
    for (const held of this.#partitions.values()) held.advance(this.#span.to);
  }

  /** How many sessions began. */
  get sessions(): number {
    return [...this.#partitions.values()].reduce((sum, { engine }) => sum + engine.stats.sessions, 0);
  }

  /** Names of the tools that events had, where a rule asks for tools; sorted. */
  get tools(): readonly string[] {
    return [...new Set([...this.#partitions.values()].flatMap(({ tools }) => tools))].sort();
  }

  #step(held: RehearsedPartition, offset: number, appendedAt: number): void {
    if (appendedAt < this.first) this.first = appendedAt;
    if (appendedAt > this.last) this.last = appendedAt;
    held.step(offset, appendedAt);
  }

  #covers(appendedAt: number): boolean {
    return appendedAt >= this.#span.from && appendedAt <= this.#span.to;
  }

  #partition(partition: number): RehearsedPartition {
    let held = this.#partitions.get(partition);
    if (held === undefined) {
      held = new RehearsedPartition(partition, this.#rules, this.#settings, this.#listener);
      this.#partitions.set(partition, held);
    }
    return held;
  }
}
