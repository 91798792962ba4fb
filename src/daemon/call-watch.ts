import type { AuditFacts } from '../domain/audit-record.ts';
import type { SymbolTables } from '../domain/event/symbol-tables.ts';
import { EventType, type EventView, Phase, Status } from '../domain/event/view.ts';
import type { LogRecord } from '../ports/event-log.ts';
import { blockedCallRecord } from './blocked.ts';
import { ClearSessions } from './clear-sessions.ts';
import { LeakFinder, type LeakParts, type OpenLeak } from './leaks.ts';
import type { Metrics } from './metrics.ts';

export interface CallWatchParts extends LeakParts {
  readonly symbols: SymbolTables;
  readonly metrics: Metrics;
  readonly record: (facts: AuditFacts) => void;
  /** A session's calls are still being blocked: its kill is to be renewed. */
  readonly onBlocked: (tenant: string, session: string) => void;
  readonly onLeak: () => void;
}

/** Looks at a partition's calls: those that were refused, and those that should have been. */
export class CallWatch {
  readonly #parts: CallWatchParts;
  readonly #leaks: LeakFinder;
  readonly #clear = new ClearSessions();

  /** `leaks`: what a checkpoint had counted. */
  constructor(parts: CallWatchParts, leaks: readonly OpenLeak[]) {
    this.#parts = parts;
    this.#leaks = new LeakFinder(parts, leaks);
  }

  watch(record: LogRecord, view: EventView): void {
    if (view.status === Status.blocked) this.#recordBlocked(record, view);
    else if (!this.#parts.mirror.quiet && isCall(view)) this.#findLeak(record, view);
  }

  /** Records of leaks in minutes that the horizon has left. */
  takeLeaks(horizon: number): readonly AuditFacts[] {
    return this.#leaks.take(horizon);
  }

  /** For the checkpoint: what is counted and not written yet. */
  openLeaks(): readonly OpenLeak[] {
    return this.#leaks.snapshot();
  }

  #recordBlocked({ value }: LogRecord, view: EventView): void {
    const { symbols, record, onBlocked } = this.#parts;
    record(blockedCallRecord(value as Uint8Array, view.ts));
    const session = symbols.sessions.text(view.session);
    if (session !== '') onBlocked(symbols.tenants.text(view.tenant), session);
  }

  #findLeak({ appendedAt }: LogRecord, view: EventView): void {
    const { symbols, mirror, metrics, onLeak } = this.#parts;
    const session = symbols.sessions.text(view.session);
    if (this.#clear.isClear(view, session, mirror.version)) return;
    const tenant = symbols.tenants.text(view.tenant);
    const kind = view.type === EventType.llmCall ? 'model_call' : view.write ? 'write' : 'read';
    const tool = view.tool === 0 ? null : symbols.tools.text(view.tool);
    if (this.#leaks.inspect({ tenant, session, tool, kind, ts: view.ts, appendedAt })) {
      metrics.leakedCalls.inc();
      onLeak();
    } else if (!mirror.stops(tenant, session)) this.#clear.put(view, session, mirror.version);
  }
}

function isCall(view: EventView): boolean {
  return view.type <= EventType.llmCall && view.phase !== Phase.result;
}
