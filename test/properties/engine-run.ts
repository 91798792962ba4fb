import type { Alert } from '../../src/domain/alert.ts';
import { SymbolTables } from '../../src/domain/event/symbol-tables.ts';
import type { Cause } from '../../src/domain/ids.ts';
import {
  DEFAULT_LIMITS,
  decodeSnapshot,
  Engine,
  encodeSnapshot,
  type Snapshot,
  symbolsOf,
} from '../../src/engine/index.ts';
import { keyTextOf } from '../oracle/event-facts.ts';
import type { Happening, PlainAlert, PlainRule, Setup } from '../oracle/plain.ts';
import { compiled, type Decoding, decode, decoding } from './compiled.ts';

const LOG = { topic: 'agent.tool-calls', partition: 0 };

/** The real way, from bytes to alerts, told in the oracle's plain form. */
export class EngineRun {
  #setup: Setup;
  readonly #decoding: Decoding;
  readonly #engine: Engine;

  constructor(setup: Setup, snapshot: Snapshot | null = null) {
    this.#setup = setup;
    this.#decoding = decoding(setup, snapshot === null ? undefined : SymbolTables.restore(symbolsOf(snapshot)));
    const { rules, symbols } = this.#decoding;
    const limits = { ...DEFAULT_LIMITS, ...setup.limits };
    const options = { log: LOG, rules, symbols, sessionEndsAfterMs: setup.sessionEndsAfterMs, limits };
    this.#engine = snapshot === null ? new Engine(options) : Engine.restore(options, snapshot).engine;
  }

  /** Another run that goes on from here, by way of a snapshot's bytes. */
  restored(): EngineRun {
    const bytes = Buffer.concat([...encodeSnapshot(this.#engine.snapshot())]);
    return new EngineRun(this.#setup, decodeSnapshot(bytes));
  }

  take(happening: Happening): PlainAlert[] {
    return this.#run(happening).map(plain);
  }

  #reload(rules: readonly PlainRule[]): readonly Alert[] {
    const set = compiled(rules);
    this.#setup = { ...this.#setup, rules };
    this.#decoding.decoder.setPlan(set.plan);
    return this.#engine.reload(set);
  }

  #run(happening: Happening): readonly Alert[] {
    if ('advance' in happening) return this.#engine.advance(happening.advance);
    if ('reload' in happening) return this.#reload(happening.reload);
    if ('fence' in happening) return this.#engine.fence(happening.fence, happening.at);
    const { decoder } = this.#decoding;
    decode(decoder, happening.record);
    return this.#engine.step(happening.offset, happening.appendedAt, decoder.view);
  }
}

export function plain(alert: Alert): PlainAlert {
  const identity = { rule: alert.rule.name, key: keyTextOf(alert.key), at: alert.at, cause: causeText(alert.cause) };
  if (alert.state === 'resolved') return { state: 'resolved', ...identity, why: alert.why };
  const { evidence, subjects, evidenceAppendedAt } = alert;
  const telling = {
    evidence: evidence.events.map(({ offset }) => offset),
    evidenceAppendedAt,
    // The engine names sessions in order and does not say how often.
    sessions: subjects.sessions.map(({ tenant, session }) => ({ tenant, session, calls: 0 })),
    tool: subjects.tool,
  };
  const { value, threshold } = evidence;
  return { state: 'firing', ...identity, value, threshold, windowEnd: evidence.window_end, telling };
}

function causeText(cause: Cause): string {
  return cause.kind === 'record' ? `record ${cause.offset} ${cause.appendedAt}` : `timer ${cause.due}`;
}
