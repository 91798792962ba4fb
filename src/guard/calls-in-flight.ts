import type { ToolKind } from '../domain/tool-kind.ts';
import type { Denied } from '../domain/verdict.ts';
import type { Attempt } from '../killswitch/precedence.ts';

/** One call under way. */
export class CallInFlight implements Attempt {
  readonly tool: string;
  readonly kind: ToolKind;
  readonly #controller = new AbortController();
  #cancelledBy: Denied | null = null;

  constructor(tool: string, kind: ToolKind) {
    this.tool = tool;
    this.kind = kind;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get cancelledBy(): Denied | null {
    return this.#cancelledBy;
  }

  /** @param reason what the signal says to whoever listens */
  cancel(verdict: Denied, reason: Error): void {
    if (this.#cancelledBy !== null) return;
    this.#cancelledBy = verdict;
    this.#controller.abort(reason);
  }
}

/** The calls of one session that have begun and not settled: one that ignores its signal stays among them. */
export class CallsInFlight {
  readonly #calls = new Set<CallInFlight>();

  get size(): number {
    return this.#calls.size;
  }

  begin(tool: string, kind: ToolKind): CallInFlight {
    const call = new CallInFlight(tool, kind);
    this.#calls.add(call);
    return call;
  }

  settled(call: CallInFlight): void {
    this.#calls.delete(call);
  }

  [Symbol.iterator](): Iterator<CallInFlight> {
    return this.#calls.values();
  }
}
