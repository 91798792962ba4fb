import { episodeText, type FiringAlert } from '../../src/domain/alert.ts';
import type { Decision } from '../../src/domain/decision.ts';
import { createDecoder, type Decoder } from '../../src/domain/event/decode.ts';
import { SymbolTables } from '../../src/domain/event/symbol-tables.ts';
import type { RuleSet } from '../../src/domain/rule.ts';
import { renderTemplate } from '../../src/domain/template.ts';
import { Engine } from '../../src/engine/index.ts';
import { Responder } from '../../src/responder/responder.ts';
import { compileRules } from '../../src/rules/compile.ts';
import { SETTINGS } from './responder-settings.ts';
import type { InputEvents } from './rule-test-file.ts';

/** A day on which nothing was appended before: offsets from it are what tests speak of. */
const START = Date.UTC(2026, 0, 1);

/** What has happened until a time: every alert that is firing, every decision that was taken. */
export interface RehearsalState {
  readonly firing: readonly FiringAlert[];
  readonly decisions: readonly Decision[];
}

/** Written events through decoder, engine and responder. A decision is taken as applied. */
export class Rehearsal {
  readonly #engine: Engine;
  readonly #decoder: Decoder;
  readonly #responder = new Responder(SETTINGS);
  readonly #firing = new Map<string, FiringAlert>();
  readonly #decisions: Decision[] = [];
  readonly #events: readonly { readonly at: number; readonly event: Record<string, unknown> }[];
  #next = 0;

  constructor(set: RuleSet, input: readonly InputEvents[]) {
    const rules = compileRules(set);
    const symbols = new SymbolTables([1, 2]);
    const log = { topic: 'agent.tool-calls', partition: 0 };
    this.#engine = new Engine({ log, rules, symbols, sessionEndsAfterMs: 30 * 60_000 });
    this.#decoder = createDecoder({ symbols, plan: rules.plan, tools: { write: [], read: [] }, format: 'json' });
    this.#events = input.flatMap(copies).sort((a, b) => a.at - b.at);
  }

  /** @param at ms after the start; not before the last one asked for. */
  until(at: number): RehearsalState {
    for (; this.#next < this.#events.length && this.#events[this.#next]!.at <= at; this.#next++) {
      const { at: appended, event } = this.#events[this.#next]!;
      const time = START + appended;
      const rejection = this.#decoder.decodeValue({ event_id: `e${this.#next}`, ts: time, ...event });
      if (rejection !== null) throw new Error(`event ${this.#next} is none: ${rejection.detail}`);
      this.#tell(this.#engine.step(this.#next, time, this.#decoder.view), time);
    }
    this.#tell(this.#engine.advance(START + at), START + at);
    return { firing: [...this.#firing.values()], decisions: this.#decisions };
  }

  #tell(alerts: ReturnType<Engine['step']>, time: number): void {
    const now = { horizon: time, wall: time };
    for (const alert of alerts) {
      if (alert.state === 'resolved') {
        this.#firing.delete(episodeText(alert));
        this.#responder.resolve(alert);
        continue;
      }
      this.#firing.set(episodeText(alert), alert);
      for (const decision of this.#responder.fire(alert, now).attempts) {
        this.#decisions.push(decision);
        this.#responder.settle(decision, { status: 'repeated', state: null }, now);
      }
    }
  }
}

/** An entry's events, each at its time after the start, ms. */
export function copies({ at, every, times, event }: InputEvents): { at: number; event: Record<string, unknown> }[] {
  return Array.from({ length: times }, (_, n) => ({
    at: at + n * every,
    event: numbered(event, n) as Record<string, unknown>,
  }));
}

function numbered(value: unknown, n: number): unknown {
  if (typeof value === 'string') return renderTemplate(value, (name) => (name === 'n' ? String(n) : undefined));
  if (Array.isArray(value)) return value.map((item) => numbered(item, n));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, numbered(member, n)]));
}
