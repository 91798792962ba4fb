import { createDecoder, type Decoder } from '../../src/domain/event/decode.ts';
import { SymbolTables } from '../../src/domain/event/symbol-tables.ts';
import type { CompiledRuleSet } from '../../src/domain/rule.ts';
import { compileRules } from '../../src/rules/compile.ts';
import { parseRules } from '../../src/rules/parse.ts';
import type { PlainEvent, PlainRule, Setup } from '../oracle/plain.ts';
import { rulesFile } from './rule-text.ts';

/** Plain rules through text, parser and compiler. */
export function compiled(rules: readonly PlainRule[]): CompiledRuleSet {
  const result = parseRules([{ name: 'random.yaml', content: rulesFile(rules) }]);
  if (result.status === 'invalid') throw new Error(result.problems.map(({ message }) => message).join('\n'));
  return compileRules(result.set);
}

/** The real way of an event to a view: bytes, decoder, symbols. */
export interface Decoding {
  readonly rules: CompiledRuleSet;
  readonly symbols: SymbolTables;
  readonly decoder: Decoder;
}

export function decoding(setup: Setup, symbols = new SymbolTables([7, 11])): Decoding {
  const rules = compiled(setup.rules);
  const decoder = createDecoder({ symbols, plan: rules.plan, tools: setup.tools, format: 'json' });
  return { rules, symbols, decoder };
}

/** Fills the decoder's view. */
export function decode(decoder: Decoder, event: PlainEvent): void {
  const rejection = decoder.decode(Buffer.from(JSON.stringify(event)));
  if (rejection !== null) throw new Error(`random event refused: ${rejection.detail}`);
}
