import { type EventView, Phase, Status } from '../../domain/event/view.ts';
import type { CompiledRule } from '../../domain/rule.ts';
import { CALLER_WORDS } from '../callers.ts';
import type { Core, WitnessHost } from '../measure.ts';
import { mix, RowIndex } from '../row-index.ts';
import { Repeated, type RepeatedOptions } from './repeated.ts';

/** Words of an entry: the call's id, hashed. */
const CALL_LO = CALLER_WORDS;
const CALL_HI = CALLER_WORDS + 1;

/** Repeats of the key's most repeated operation, beyond the first call that counts. */
export class DuplicateCount extends Repeated {
  private readonly afterOk: boolean;
  /** Operations by the session and id of their calls: where a result finds its call. */
  private readonly calls = new RowIndex();

  constructor(core: Core, compiled: CompiledRule, options: RepeatedOptions) {
    const { measure } = compiled.rule;
    const afterOk = measure.type === 'duplicate_count' && measure.after === 'ok';
    const width = afterOk ? CALLER_WORDS + 2 : CALLER_WORDS;
    super(core, compiled, options, { width, forgetsFailed: afterOk, bound: core.limits.operationsPerKey });
    this.afterOk = afterOk;
  }

  override get bytes(): number {
    return super.bytes + this.calls.bytes;
  }

  /** A result may tell that a call failed. */
  witness(_feeds: boolean, host: WitnessHost): void {
    const { view } = this.record;
    if (view.status !== Status.error || view.phase !== Phase.result || !this.afterOk) return;
    if ((view.callLo | view.callHi) === 0) return;
    const hash = hashOf(view.session, view.callLo, view.callHi);
    const found: number[] = [];
    for (let slot = this.calls.first(hash); slot >= 0; slot = this.calls.next(slot, hash))
      found.push(this.calls.row(slot));
    const rows = new Set<number>();
    for (const operation of new Set(found)) {
      if (this.fail(operation, view)) rows.add(this.operations.keyRow(operation));
    }
    for (const row of rows) if (host.settleRow(row)) host.changed(row, true);
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

  protected override note(operation: number, address: number): void {
    super.note(operation, address);
    if (!this.afterOk) return;
    const { session, callLo, callHi } = this.record.view;
    const { words } = this.operations.held.rings.arena;
    words[address + CALL_LO] = callLo;
    words[address + CALL_HI] = callHi;
    if ((callLo | callHi) !== 0) this.calls.add(hashOf(session, callLo, callHi), operation);
  }

  protected override leave(operation: number, address: number): void {
    const hash = this.hashOfCall(address);
    if (hash !== null) this.calls.remove(hash, operation);
    super.leave(operation, address);
  }

  protected override loaded(operation: number): void {
    const { rings } = this.operations.held;
    for (let i = 0; i < rings.length(operation); i++) {
      const hash = this.hashOfCall(rings.at(operation, i));
      if (hash !== null) this.calls.add(hash, operation);
    }
  }

  /** Marks the calls of that session and id as failed. @returns true when there was one that was not. */
  private fail(operation: number, view: EventView): boolean {
    const { rings } = this.operations.held;
    const { words } = rings.arena;
    let changed = false;
    for (let i = 0; i < rings.length(operation); i++) {
      const at = rings.at(operation, i);
      const isIt = words[at + CALL_LO] === view.callLo >>> 0 && words[at + CALL_HI] === view.callHi >>> 0;
      if (!isIt || this.callers.session(at) !== view.session || rings.failed(at)) continue;
      rings.fail(at);
      changed = true;
    }
    return changed;
  }

  private hashOfCall(address: number): number | null {
    if (!this.afterOk) return null;
    const { words } = this.operations.held.rings.arena;
    const [lo, hi] = [words[address + CALL_LO] as number, words[address + CALL_HI] as number];
    return (lo | hi) === 0 ? null : hashOf(this.callers.session(address), lo, hi);
  }
}

function hashOf(session: number, lo: number, hi: number): number {
  return mix(mix(lo >>> 0, hi >>> 0), session);
}
