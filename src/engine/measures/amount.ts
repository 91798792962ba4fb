import type { EventView } from '../../domain/event/view.ts';
import type { NumberField } from '../../domain/rule.ts';
import { addSaturating, SUM_MAX } from '../limits.ts';

/** Units of a field's integers in one of its own: cost is kept in 1e-9, everything else in 1e-3. */
export function scaleOf(field: NumberField): number {
  return field === 'cost_usd' ? 1e9 : 1e3;
}

/** A field of an event as an integer; NaN where it is absent or no finite number. */
export function amountOf(view: EventView, field: NumberField, slot: number): number {
  switch (field) {
    case 'cost_usd':
      return view.cost;
    case 'tokens_in':
      return view.tokensIn;
    case 'tokens_out':
      return view.tokensOut;
    case 'latency_ms':
      return view.latency;
    case 'tokens':
      return tokensOf(view);
    default:
      return argumentOf(view, slot);
  }
}

/** Either count alone is a sum too. */
function tokensOf(view: EventView): number {
  const { tokensIn, tokensOut } = view;
  if (Number.isNaN(tokensIn)) return tokensOut;
  return Number.isNaN(tokensOut) ? tokensIn : addSaturating(tokensIn, tokensOut);
}

function argumentOf(view: EventView, slot: number): number {
  const value = view.slots[slot];
  if (typeof value !== 'number' || !Number.isFinite(value)) return Number.NaN;
  return Math.min(Math.round(value * 1e3), SUM_MAX);
}
