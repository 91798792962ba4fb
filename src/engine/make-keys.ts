import type { Symbols } from '../domain/event/symbols.ts';
import type { CompiledRule } from '../domain/rule.ts';
import { ComposedKeys } from './composed-keys.ts';
import { IdKeys } from './id-keys.ts';
import { type Keys, keyKind } from './keys.ts';
import type { Rows } from './rows.ts';
import { SessionKeys } from './session-keys.ts';
import type { SessionRows } from './session-rows.ts';

/** The keys of a rule; they find a place for the rows of its measure. */
export function makeKeys(
  { rule, groupSlots }: CompiledRule,
  rows: Rows,
  symbols: Symbols,
  sessionRows: SessionRows,
): Keys {
  const kind = keyKind(rule.groupBy);
  switch (kind) {
    case 'session':
      return new SessionKeys(rows, symbols, sessionRows);
    case 'composed':
      return new ComposedKeys(rule.groupBy, groupSlots, rows, symbols);
    default:
      return new IdKeys(kind, rows, symbols);
  }
}
