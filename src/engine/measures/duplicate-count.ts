import { type EventView, Phase, Status } from '../../domain/event/view.ts';
import type { CompiledRule } from '../../domain/rule.ts';
import { callerWords, type Reach } from '../callers.ts';
import type { Core, WitnessHost } from '../measure.ts';
import { mix, RowIndex } from '../row-index.ts';
import { Repeated } from './repeated.ts';

/** Repeats of the key's most repeated operation, beyond the first call that counts. */
export class DuplicateCount extends Repeated {
  private readonly afterOk: boolean;
  /** Keys by the session and id of their calls: where a result finds its call. null where the key is the session. */
  private readonly calls: RowIndex | null;
  /** Words of an entry: the call's id, hashed; and where they are indexed the key's row. */
  private readonly callLo: number;
  private readonly callHi: number;
  private readonly keyRow: number;

  constructor(core: Core, compiled: CompiledRule, reach: Reach) {
    const { measure } = compiled.rule;
    const afterOk = measure.type === 'duplicate_count' && measure.after === 'ok';
    const hearsLeave = afterOk && reach !== 'session';
    const callLo = callerWords(reach);
    const width = callLo + (hearsLeave ? 3 : afterOk ? 2 : 0);
    super(core, compiled, reach, { width, forgetsFailed: afterOk, bound: core.limits.operationsPerKey, hearsLeave });
    this.afterOk = afterOk;
    this.calls = hearsLeave ? new RowIndex() : null;
    this.callLo = callLo;
    this.callHi = callLo + 1;
    this.keyRow = callLo + 2;
  }

  override get bytes(): number {
    return super.bytes + (this.calls?.bytes ?? 0);
  }

  /** A result may tell that a call failed. */
  witness(_feeds: boolean, host: WitnessHost): void {
    const { view } = this.record;
    if (view.status !== Status.error || view.phase !== Phase.result || !this.afterOk) return;
    if ((view.callLo | view.callHi) === 0) return;
    for (const row of this.rowsOf(view, host)) {
      if (this.fail(row, view) && host.settleRow(row)) host.changed(row, true);
    }
  }

  loaded(row: number): void {
    if (this.calls === null) return;
    const { rings } = this.operations.held;
    this.operations.visit(row, (operation) => {
      for (let i = 0; i < rings.length(operation); i++) this.index(row, rings.at(operation, i));
    });
  }

  protected override value(operation: number): number {
    const { held } = this.operations;
    const behind = held.behindTotal(operation);
    const exact = held.count(operation);
    if (!this.afterOk || behind > 0) return behind + exact - 1;
    let failed = 0;
    while (failed < exact && held.rings.failed(held.rings.at(operation, failed))) failed++;
    return Math.max(0, exact - failed - 1);
  }

  protected override note(row: number, address: number): void {
    super.note(row, address);
    if (!this.afterOk) return;
    const { callLo, callHi } = this.record.view;
    const { rings } = this.operations.held;
    rings.setWord(address, this.callLo, callLo);
    rings.setWord(address, this.callHi, callHi);
    if (this.calls === null) return;
    rings.setWord(address, this.keyRow, row);
    this.index(row, address);
  }

  protected override leave(address: number): void {
    if (this.calls !== null) {
      const hash = this.hashOfCall(address);
      if (hash !== null) this.calls.remove(hash, this.operations.held.rings.word(address, this.keyRow));
    }
    super.leave(address);
  }

  /** Rows of the keys that may have the call. */
  private rowsOf(view: EventView, host: WitnessHost): Iterable<number> {
    if (this.calls === null) {
      const row = host.heldRow();
      return row === 0 ? [] : [row];
    }
    const hash = hashOf(view.session, view.callLo, view.callHi);
    const rows = new Set<number>();
    for (let slot = this.calls.first(hash); slot >= 0; slot = this.calls.next(slot, hash))
      rows.add(this.calls.row(slot));
    return rows;
  }

  /** Marks the key's calls of that session and id as failed. @returns true when there was one that was not. */
  private fail(row: number, view: EventView): boolean {
    const { rings } = this.operations.held;
    let changed = false;
    this.operations.visit(row, (operation) => {
      for (let i = 0; i < rings.length(operation); i++) {
        const at = rings.at(operation, i);
        if (!this.isCall(at, view) || rings.failed(at)) continue;
        rings.fail(at);
        changed = true;
      }
    });
    return changed;
  }

  private isCall(address: number, view: EventView): boolean {
    const { rings } = this.operations.held;
    if (rings.word(address, this.callLo) !== view.callLo >>> 0) return false;
    if (rings.word(address, this.callHi) !== view.callHi >>> 0) return false;
    return this.calls === null || this.callers.session(address) === view.session;
  }

  private index(row: number, address: number): void {
    const hash = this.hashOfCall(address);
    if (hash !== null) this.calls?.add(hash, row);
  }

  private hashOfCall(address: number): number | null {
    const { rings } = this.operations.held;
    const [lo, hi] = [rings.word(address, this.callLo), rings.word(address, this.callHi)];
    return (lo | hi) === 0 ? null : hashOf(this.callers.session(address), lo, hi);
  }
}

function hashOf(session: number, lo: number, hi: number): number {
  return mix(mix(lo >>> 0, hi >>> 0), session);
}
