import { EventType, type EventView, Phase, Status } from '../../domain/event/view.ts';
import type { CompiledRule, Match } from '../../domain/rule.ts';
import { callerWords, type Reach } from '../callers.ts';
import type { Core, WitnessHost } from '../measure.ts';
import { Repeated } from './repeated.ts';

const OUTCOME_FIELDS: readonly string[] = ['status', 'error_type', 'latency_ms'];

/** Identical calls of a key with no different write between them. */
export class Loop extends Repeated {
  private readonly seesResults: boolean;

  constructor(core: Core, compiled: CompiledRule, reach: Reach) {
    super(core, compiled, reach, {
      width: callerWords(reach),
      forgetsFailed: false,
      bound: core.limits.fingerprintsPerKey,
      hearsLeave: false,
    });
    this.seesResults = seesResults(compiled.rule.match);
  }

  /** A write that is no entry makes the loop's other calls progress all the same. */
  witness(feeds: boolean, host: WitnessHost): void {
    const { view } = this.record;
    if (!this.isWrite(view)) return;
    const known = this.fingerprint.read(view);
    if (feeds && known) return;
    const row = host.heldRow();
    if (row === 0 || this.isLate(row)) return;
    if (this.forgetOthers(row, known)) host.changed(row, this.operations.count(row) > 0);
  }

  protected override value(operation: number): number {
    return this.operations.held.total(operation);
  }

  protected override beforeTaking(row: number, view: EventView): void {
    if (this.isWrite(view)) this.forgetOthers(row, true);
  }

  private isWrite(view: EventView): boolean {
    if (view.type !== EventType.toolCall || !view.write || view.status === Status.blocked) return false;
    return view.phase !== (this.seesResults ? Phase.call : Phase.result);
  }

  /** @param known whether the fingerprint in hand is one. @returns true when something was forgotten */
  private forgetOthers(row: number, known: boolean): boolean {
    const kept = known ? this.operations.find(row, this.fingerprint.lo, this.fingerprint.hi) : 0;
    const before = this.operations.count(row);
    if (before === (kept === 0 ? 0 : 1)) return false;
    this.operations.keepOnly(row, kept);
    this.afterRemoving(row);
    return true;
  }
}

/** A rule that names what only outcomes have sees results; one that asks for a phase sees that. */
function seesResults(match: Match): boolean {
  if ([...match.require, ...match.forbid].some(({ field }) => OUTCOME_FIELDS.includes(field))) return true;
  return match.require.some((test) => test.field === 'phase' && 'globs' in test && test.globs.join() === 'result');
}
