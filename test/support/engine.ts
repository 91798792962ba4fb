import type { Alert } from '../../src/domain/alert.ts';
import { createDecoder, type Decoder } from '../../src/domain/event/decode.ts';
import { DEFAULT_SYMBOL_CAPS, type SymbolCaps, SymbolTables } from '../../src/domain/event/symbol-tables.ts';
import type { CompiledRuleSet } from '../../src/domain/rule.ts';
import {
  type CardinalityLimits,
  DEFAULT_LIMITS,
  decodeSnapshot,
  Engine,
  encodeSnapshot,
  symbolsOf,
} from '../../src/engine/index.ts';
import { compileRules } from '../../src/rules/compile.ts';
import { parseRules } from '../../src/rules/parse.ts';

const LOG = { topic: 'agent.tool-calls', partition: 0 };
const TOOLS = { write: ['*.send', '*.put'], read: ['*.get', '*.search'] };
/** Times in tests are ms from here: slices of a 64 s window begin at whole seconds. */
export const BASE = 1_700_000_000_000 - (1_700_000_000_000 % 64_000);

/** Rules as people write them: YAML of one or several `- alert:` items. */
export function rulesOf(yaml: string): CompiledRuleSet {
  const lines = yaml.split('\n').map((line) => `      ${line}`);
  const content = `groups:\n  - name: tests\n    rules:\n${lines.join('\n')}\n`;
  const result = parseRules([{ name: 'rules/tests.yaml', content }]);
  if (result.status === 'invalid') throw new Error(result.problems.map(({ message }) => message).join('\n'));
  return compileRules(result.set);
}

export interface TestEngineOptions {
  readonly limits?: Partial<CardinalityLimits>;
  readonly caps?: Partial<SymbolCaps>;
  readonly sessionEndsAfterMs?: number;
}

/** An engine fed with plain events by relative times, told in lines. */
export class TestEngine {
  engine: Engine;
  #symbols: SymbolTables;
  #decoder: Decoder;
  #rules: CompiledRuleSet;
  readonly #options: TestEngineOptions;
  #events = 0;

  constructor(yaml: string, options: TestEngineOptions = {}) {
    this.#options = options;
    this.#rules = rulesOf(yaml);
    this.#symbols = new SymbolTables([1, 2], { ...DEFAULT_SYMBOL_CAPS, ...options.caps });
    this.engine = new Engine(this.#engineOptions());
    this.#decoder = this.#newDecoder();
  }

  get symbols(): SymbolTables {
    return this.#symbols;
  }

  /** Takes in an event of acme/s1, a `mail.send` appended and produced at `at` unless it says otherwise. */
  event(at: number, event: Record<string, unknown> = {}): string[] {
    return this.alerts(at, event).map(line);
  }

  alerts(at: number, event: Record<string, unknown> = {}): readonly Alert[] {
    const offset = this.engine.nextOffset;
    const { ts, ...said } = event;
    const plain = { tenant_id: 'acme', session_id: 's1', tool: 'mail.send', event_id: `e${this.#events++}`, ...said };
    const rejection = this.#decoder.decodeValue({ ...plain, ts: BASE + Number(ts ?? at) });
    if (rejection !== null) throw new Error(rejection.detail);
    return this.engine.step(offset, BASE + at, this.#decoder.view);
  }

  /** The same event several times, 1 ms apart. */
  events(count: number, at: number, event: Record<string, unknown> = {}): string[] {
    return Array.from({ length: count }, (_, i) => this.event(at + i, event)).flat();
  }

  advance(at: number): string[] {
    return this.engine.advance(BASE + at).map(line);
  }

  fence(scope: Parameters<Engine['fence']>[0], at: number): string[] {
    return this.engine.fence(scope, BASE + at).map(line);
  }

  reload(yaml: string): string[] {
    this.#rules = rulesOf(yaml);
    const told = this.engine.reload(this.#rules).map(line);
    this.#decoder.setPlan(this.#rules.plan);
    return told;
  }

  /** Goes on with an engine restored from bytes, with other rules where they are given. */
  restart(yaml?: string): string[] {
    const bytes = Buffer.concat([...encodeSnapshot(this.engine.snapshot())]);
    const snapshot = decodeSnapshot(bytes);
    if (yaml !== undefined) this.#rules = rulesOf(yaml);
    this.#symbols = SymbolTables.restore(symbolsOf(snapshot), { ...DEFAULT_SYMBOL_CAPS, ...this.#options.caps });
    const { engine, alerts } = Engine.restore(this.#engineOptions(), snapshot);
    this.engine = engine;
    this.#decoder = this.#newDecoder();
    return alerts.map(line);
  }

  #engineOptions() {
    const { limits, sessionEndsAfterMs = 1_800_000 } = this.#options;
    const rules = this.#rules;
    return { log: LOG, rules, symbols: this.#symbols, sessionEndsAfterMs, limits: { ...DEFAULT_LIMITS, ...limits } };
  }

  #newDecoder(): Decoder {
    return createDecoder({ symbols: this.#symbols, plan: this.#rules.plan, tools: TOOLS, format: 'json' });
  }
}

/** `12 Burst firing tenant=acme,session=s1: 4 at record 3`, times relative. */
export function line(alert: Alert): string {
  const { rule, keyText, at, cause } = alert;
  const by = cause.kind === 'record' ? `record ${cause.offset}` : `timer ${cause.due - BASE}`;
  const what = alert.state === 'firing' ? `firing ${keyText}: ${alert.evidence.value}` : `${alert.why} ${keyText}`;
  return `${at - BASE} ${rule.name} ${what} by ${by}`;
}
