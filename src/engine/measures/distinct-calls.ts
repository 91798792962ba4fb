import type { CompiledRule } from '../../domain/rule.ts';
import { Callers, callerWords, type Reach } from '../callers.ts';
import { contributorsOf } from '../contributors.ts';
import { Fingerprint } from '../fingerprint.ts';
import { CLOCK_WORDS, KeyClock } from '../key-clock.ts';
import type { Core, Explanation, Measure, Test } from '../measure.ts';
import type { RecordInHand } from '../record.ts';
import { RING_FIELDS, Rings } from '../rings.ts';
import { OWN_F64, OWN_U32 } from '../row.ts';
import { Rows } from '../rows.ts';

const RING = OWN_U32;
const CLOCK = OWN_F64 + Math.ceil(RING_FIELDS / 2);
/** Words of an entry: the call's fingerprint. */
const LO = callerWords('wide');
const HI = LO + 1;

/** `distinct_of_last`: how many different calls are among the newest N, by arrival. */
export class DistinctCalls implements Measure {
  readonly rows: Rows;
  readonly overflow = 0;
  readonly bytes = 0;
  readonly takesFenced = false;
  readonly needsTimers: boolean;
  private readonly record: RecordInHand;
  private readonly last: number;
  private readonly clock: KeyClock | null;
  private readonly rings: Rings;
  private readonly fingerprint: Fingerprint;
  private readonly callers: Callers;

  constructor(core: Core, compiled: CompiledRule, reach: Reach) {
    const { measure, windowMs } = compiled.rule;
    this.record = core.record;
    this.rows = new Rows(windowMs === null ? CLOCK : CLOCK + CLOCK_WORDS);
    this.last = (measure.type === 'loop' && measure.distinctOfLast) || 1;
    this.clock = windowMs === null ? null : new KeyClock(this.rows, CLOCK, windowMs, core.record);
    this.rings = new Rings({ arena: core.arena, owners: this.rows, field: RING, width: HI + 1, inline: false });
    this.callers = new Callers(this.rings, core.sessions, reach);
    this.fingerprint = new Fingerprint(compiled);
    this.needsTimers = windowMs !== null && reach !== 'session';
  }

  read(): boolean {
    return this.fingerprint.read(this.record.view);
  }

  begin(row: number): void {
    this.clock?.begin(row);
  }

  take(row: number): boolean {
    if (this.clock !== null) {
      if (this.clock.isLate(row)) return false;
      this.clock.set(row);
      this.letGo(row);
    }
    if (this.rings.length(row) === this.last) {
      this.callers.leave(this.rings.at(row, 0));
      this.rings.shift(row);
    }
    const address = this.rings.insert(row, this.rings.length(row));
    this.rings.write(address, this.record);
    this.callers.write(address, this.record.view);
    this.rings.setWord(address, LO, this.fingerprint.lo);
    this.rings.setWord(address, HI, this.fingerprint.hi);
    return true;
  }

  settle(row: number): boolean {
    if (this.clock !== null) {
      this.clock.run(row);
      this.letGo(row);
    }
    return this.rings.length(row) > 0;
  }

  holds(row: number, test: Test): boolean {
    return this.rings.length(row) === this.last && test.holds(this.distinct(row));
  }

  wakesAt(row: number, _test: Test, watched: boolean): number {
    if (this.clock === null || (!this.needsTimers && !watched)) return Number.POSITIVE_INFINITY;
    return watched ? this.judgedAgainAt(row) : this.clock.leavesAt(row, this.times(row, Math.max));
  }

  judgedAgainAt(row: number): number {
    if (this.clock === null) return Number.POSITIVE_INFINITY;
    return this.clock.leavesAt(row, this.times(row, Math.min));
  }

  fence(row: number, at: number): boolean {
    this.keep(row, (address) => this.rings.appendedAt(address) > at);
    return this.rings.length(row) > 0;
  }

  clear(row: number): void {
    this.keep(row, () => false);
    this.rings.clear(row);
  }

  explain(row: number): Explanation {
    return {
      value: this.distinct(row),
      windowEnd: this.clock === null ? this.times(row, Math.max) : this.clock.now(row),
      contributors: contributorsOf(this.rings, row, this.record.nextOffset),
      sessions: this.callers.sessionsOf(row),
      tool: this.callers.toolOf(row),
      ofTime: false,
    };
  }

  useSlots(slots: readonly number[]): void {
    this.fingerprint.useSlots(slots);
  }

  save(): void {}

  load(): void {}

  private letGo(row: number): void {
    const { lo } = this.record;
    if (this.rings.length(row) === 0 || this.times(row, Math.min) > lo) return;
    this.keep(row, (address) => this.rings.time(address) > lo);
  }

  private keep(row: number, stays: (address: number) => boolean): void {
    this.rings.filter(row, (address) => {
      const isKept = stays(address);
      if (!isKept) this.callers.leave(address);
      return isKept;
    });
  }

  private times(row: number, pick: (a: number, b: number) => number): number {
    let picked = this.rings.time(this.rings.at(row, 0));
    for (let i = 1; i < this.rings.length(row); i++) picked = pick(picked, this.rings.time(this.rings.at(row, i)));
    return picked;
  }

  private distinct(row: number): number {
    let distinct = 0;
    for (let i = 0; i < this.rings.length(row); i++) if (!this.isRepeated(row, i)) distinct++;
    return distinct;
  }

  /** True when an older call is the same. */
  private isRepeated(row: number, index: number): boolean {
    const { rings } = this;
    const at = rings.at(row, index);
    for (let i = 0; i < index; i++) {
      const older = rings.at(row, i);
      if (rings.word(older, LO) === rings.word(at, LO) && rings.word(older, HI) === rings.word(at, HI)) return true;
    }
    return false;
  }
}
