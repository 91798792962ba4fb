import type { RecordHeaders } from '../domain/event/decode.ts';
import type { Rejection } from '../domain/event/rejection.ts';
import type { LogRecord } from '../ports/event-log.ts';
import type { Backtest, Fate } from './backtest.ts';
import type { Intake, Place } from './intake.ts';
import { isBlank, LineCutter } from './lines.ts';
import { LINE_BYTES_MAX, type Position, type Positioned, PositionScanner, parsePositioned } from './positioned-line.ts';

/** Brings lines and records to one backtest, or to several that are compared, and counts what became of them. */
export class Feed {
  readonly #backtests: readonly Backtest[];
  readonly #intake: Intake;
  readonly #scanner = new PositionScanner();
  /** Of plain lines: over all sources, so that offsets only grow. */
  #offset = 0;

  constructor(backtests: readonly Backtest[], intake: Intake) {
    this.#backtests = backtests;
    this.#intake = intake;
  }

  /** A cutter for the chunks of one source; `name` is how people know it. */
  source(name: string): LineCutter {
    let number = 0;
    const place = () => `${name}:${number}`;
    return new LineCutter((line) => {
      number++;
      this.#line(line, place);
    }, LINE_BYTES_MAX);
  }

  /** A record of a log. */
  record(record: LogRecord): void {
    const { partition, offset, appendedAt, value, damage } = record;
    const place = () => `${record.topic} partition ${partition} offset ${offset}`;
    if (damage !== undefined) this.#skip(record, 'damaged', damage, place);
    else if (value === null) this.#skip(record, 'tombstone', 'the record has no value, expected an event', place);
    else this.#take({ partition, offset, appendedAt, event: value }, place, record.headers);
  }

  /** An event of a program of one's own. */
  event(positioned: Positioned<unknown>): void {
    const { partition, offset } = positioned;
    this.#take(positioned, () => `partition ${partition} offset ${offset}`);
  }

  end(): void {
    for (const backtest of this.#backtests) backtest.end();
  }

  #line(line: Uint8Array | null, place: Place): void {
    const offset = this.#offset++;
    if (line === null) this.#intake.reject('too_large', `a line may have at most ${LINE_BYTES_MAX} bytes`, place);
    else if (line.length > 0 && !isBlank(line)) this.#eventLine(line, offset, place);
  }

  /** First as one of the two usual forms, from bytes. */
  #eventLine(line: Uint8Array, offset: number, place: Place): void {
    const scanned = this.#scanner.scan(line);
    let fate: Fate = 'taken';
    for (const backtest of this.#backtests) {
      fate = scanned === null ? backtest.plain(offset, line) : backtest.record(scanned);
    }
    if (typeof fate === 'string') this.#intake.count(fate, place);
    else this.#unusualLine(line, scanned, fate, place);
  }

  /** Perhaps its position is only written in another way. */
  #unusualLine(line: Uint8Array, scanned: Position | null, rejection: Rejection, place: Place): void {
    const parsed = parsePositioned(line);
    if (parsed !== null) this.#take(parsed, place);
    else if (scanned !== null) this.#skip(scanned, rejection.reason, rejection.detail, place);
    else this.#intake.count(rejection, place);
  }

  #take(positioned: Positioned<unknown>, place: Place, headers?: RecordHeaders): void {
    let fate: Fate = 'taken';
    for (const backtest of this.#backtests) fate = backtest.record(positioned, headers);
    if (typeof fate === 'string') this.#intake.count(fate, place);
    else this.#skip(positioned, fate.reason, fate.detail, place);
  }

  #skip(position: Position, reason: string, detail: string, place: Place): void {
    for (const backtest of this.#backtests) backtest.skip(position);
    this.#intake.reject(reason, detail, place);
  }
}
