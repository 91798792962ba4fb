import type { KeyTexts } from '../../src/domain/rule.ts';
import type { ToolLists } from '../../src/domain/tool-kind.ts';
import type { Json, PlainEvent } from './plain.ts';

/** What docs/semantics.md and contract 3 say about one event, each fact computed from the plain object whenever it is asked for. */

export const MAX_SUM = 2 ** 53 - 1;

export function effectiveTime(event: PlainEvent, appendedAt: number): number {
  return Math.min(event.ts, appendedAt + 2000);
}

export function typeOf(event: PlainEvent): string {
  return event.type ?? 'tool_call';
}

export function isCall(event: PlainEvent): boolean {
  return event.phase !== 'result';
}

export function isResult(event: PlainEvent): boolean {
  return event.phase !== 'call';
}

export function isBlocked(event: PlainEvent): boolean {
  return event.status === 'blocked';
}

/** The stricter of the lists and the event's own word; an unlisted tool is a write. */
export function isWrite(event: PlainEvent, tools: ToolLists): boolean {
  if (typeOf(event) !== 'tool_call') return false;
  const tool = event.tool ?? '';
  if (event.kind === 'write' || tools.write.some((glob) => globMatches(glob, tool))) return true;
  return !(event.kind === 'read' || tools.read.some((glob) => globMatches(glob, tool)));
}

/** What a rule's match, field or group_by names; undefined where the event lacks it. An empty text is none. */
export function fieldOf(event: PlainEvent, field: string, tools: ToolLists): Json | undefined {
  if (field.startsWith('args.')) return argumentAt(event, field);
  if (field.startsWith('labels.')) return event.labels?.[field.slice(7)];
  switch (field) {
    case 'tenant':
      return event.tenant_id;
    case 'session':
      return event.session_id;
    case 'agent':
      return event.agent_id || undefined;
    case 'tool':
      return event.tool || undefined;
    case 'type':
      return typeOf(event);
    case 'kind':
      return typeOf(event) === 'tool_call' ? (isWrite(event, tools) ? 'write' : 'read') : undefined;
    case 'status':
      if (event.phase === 'call') return isBlocked(event) ? 'blocked' : undefined;
      return event.status ?? 'ok';
    case 'error_type':
      return event.error_type || undefined;
    default:
      return numberOf(event, field) ?? undefined;
  }
}

/** Dots descend: `args.user.id`. */
function argumentAt(event: PlainEvent, path: string): Json | undefined {
  let value: Json | undefined = event.args;
  for (const name of path.split('.').slice(1)) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const members: { readonly [name: string]: Json } = value as { readonly [name: string]: Json };
    value = Object.hasOwn(members, name) ? members[name] : undefined;
  }
  return value;
}

/** A field as a number; null where there is none. */
export function numberOf(event: PlainEvent, field: string): number | null {
  if (field === 'tokens') {
    if (event.tokens_in == null && event.tokens_out == null) return null;
    return (event.tokens_in ?? 0) + (event.tokens_out ?? 0);
  }
  if (field === 'cost_usd' || field === 'tokens_in' || field === 'tokens_out' || field === 'latency_ms') {
    return event[field] ?? null;
  }
  const value = field.startsWith('args.') ? argumentAt(event, field) : undefined;
  return typeof value === 'number' ? value : null;
}

/** How many units one of the field is: sums are of integers. */
export function unitsPer(field: string): number {
  return field === 'cost_usd' ? 1e9 : 1e3;
}

/** The field in its units; 0 where it adds nothing. */
export function unitsOf(event: PlainEvent, field: string): number {
  if (field === 'tokens') return Math.min(unitsOf(event, 'tokens_in') + unitsOf(event, 'tokens_out'), MAX_SUM);
  const value = numberOf(event, field);
  if (value === null || !(value > 0)) return 0;
  return Math.min(Math.round(value * unitsPer(field)), MAX_SUM);
}

/** The text of one part of a fingerprint; null where the event lacks it. */
export function fingerprintOf(event: PlainEvent, parts: readonly string[], tools: ToolLists): string | null {
  const texts: string[] = [];
  for (const part of parts) {
    if (part === 'args') {
      texts.push(!event.args && event.args_hash ? `hash ${event.args_hash}` : canonical(event.args ?? {}));
      continue;
    }
    const value = part === 'idempotency_key' ? event.idempotency_key || undefined : fieldOf(event, part, tools);
    if (value === undefined) return null;
    texts.push(canonical(value));
  }
  return JSON.stringify(texts);
}

/** JSON text that does not depend on the order of members. */
function canonical(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`;
}

/** By definition, code point by code point: exponential in the worst case, which tests do not have. */
export function globMatches(glob: string, text: string): boolean {
  return matchesFrom([...glob], [...text]);
}

function matchesFrom(glob: readonly string[], text: readonly string[]): boolean {
  const [first, ...rest] = glob;
  if (first === undefined) return text.length === 0;
  if (first === '*') return matchesFrom(rest, text) || (text.length > 0 && matchesFrom(glob, text.slice(1)));
  return text.length > 0 && (first === '?' || first === text[0]) && matchesFrom(rest, text.slice(1));
}

/** One text for a key, the same whatever the order of group_by. */
export function keyTextOf(key: KeyTexts): string {
  const parts: string[] = [];
  for (const name of ['tenant', 'session', 'agent', 'tool'] as const) {
    if (key[name] !== undefined) parts.push(`${name}=${key[name]}`);
  }
  const labels = Object.entries(key.labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, value] of labels) parts.push(`labels.${name}=${value}`);
  return parts.join(',');
}
