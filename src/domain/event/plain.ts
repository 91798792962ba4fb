import { Declared, type DecodedView, Span } from './decoded-view.ts';
import { fingerprint, Seed } from './fingerprint.ts';
import type { Hasher } from './hasher.ts';
import { NESTING_MAX } from './limits.ts';
import type { Rejection } from './rejection.ts';
import type { SlotNode, SlotTrees } from './slots.ts';
import { isObject, timeOf, type ValidEvent, validateEvent } from './validate.ts';
import { EVENT_TYPES, type EventType, Phase, type SlotValue, STATUSES, type Status } from './view.ts';

/** The plain way of reading: fills the view from a parsed JSON value, or says why that is no event. */
export function readParsed(view: DecodedView, hasher: Hasher, trees: SlotTrees, value: unknown): Rejection | null {
  if (isTooDeep(value, NESTING_MAX)) {
    return { reason: 'too_deep', detail: `objects and arrays may be nested at most ${NESTING_MAX} deep` };
  }
  const rejection = validateEvent(value);
  if (rejection !== null) return rejection;
  const event = value as ValidEvent;
  view.begin();
  view.scratch.clear();
  readWords(view, event);
  readNumbers(view, event);
  readTexts(view, event);
  readArgs(view, hasher, trees, event.args ?? null);
  for (const node of trees.labels) readSlot(view, hasher, node, event.labels ?? {}, false);
  return null;
}

function readWords(view: DecodedView, event: ValidEvent): void {
  view.type = EVENT_TYPES.indexOf(event.type ?? 'tool_call') as EventType;
  view.status = STATUSES.indexOf(event.status ?? 'ok') as Status;
  view.phase = event.phase === 'call' ? Phase.call : event.phase === 'result' ? Phase.result : Phase.whole;
  view.declared = event.kind === 'write' ? Declared.write : event.kind === 'read' ? Declared.read : Declared.nothing;
}

function readNumbers(view: DecodedView, event: ValidEvent): void {
  view.ts = timeOf(event.ts);
  view.setCost(event.cost_usd ?? Number.NaN);
  view.setTokensIn(event.tokens_in ?? Number.NaN);
  view.setTokensOut(event.tokens_out ?? Number.NaN);
  view.setLatency(event.latency_ms ?? Number.NaN);
}

function readTexts(view: DecodedView, event: ValidEvent): void {
  readText(view, Span.eventId, event.event_id);
  readText(view, Span.tenant, event.tenant_id);
  readText(view, Span.session, event.session_id);
  readText(view, Span.tool, event.tool);
  readText(view, Span.agent, event.agent_id);
  readText(view, Span.errorType, event.error_type);
  readText(view, Span.callId, event.call_id);
  readText(view, Span.idempotencyKey, event.idempotency_key);
  readText(view, Span.argsHash, event.args_hash);
}

function readText(view: DecodedView, span: Span, text: string | null | undefined): void {
  if (typeof text === 'string') view.setSpan(span, view.scratch.append(text), view.scratch.length);
}

function readArgs(view: DecodedView, hasher: Hasher, trees: SlotTrees, args: ValidEvent['args'] | null): void {
  if (args === null || args === undefined) return;
  view.hasArgs = true;
  if (trees.hashArgs) {
    fingerprint(hasher, args, Seed.args, 0);
    view.takeArgs();
  }
  for (const node of trees.args) readSlot(view, hasher, node, args, true);
}

/** @param named whether the slot's hash has the member's name as its seed, as the scanner finds it in `args` */
function readSlot(view: DecodedView, hasher: Hasher, node: SlotNode, parent: object, named: boolean): void {
  if (!Object.hasOwn(parent, node.name)) return;
  const value = (parent as Readonly<Record<string, unknown>>)[node.name];
  if (node.slot >= 0) {
    if (named) hasher.text(node.name, Seed.member, 0);
    fingerprint(hasher, value, named ? hasher.lo : Seed.slot, named ? hasher.hi : 0);
    view.takeSlot(node.slot, isScalar(value) ? value : undefined);
  }
  if (isObject(value)) for (const child of node.children) readSlot(view, hasher, child, value, named);
}

function isScalar(value: unknown): value is SlotValue {
  return typeof value !== 'object' || value === null;
}

/** Recursion ends at the limit, so it is safe on any value. */
function isTooDeep(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  for (const member of Object.values(value)) if (isTooDeep(member, levels - 1)) return true;
  return false;
}
