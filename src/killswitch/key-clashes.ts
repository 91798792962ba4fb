import type { PublishedConfig } from '../ports/kill-store.ts';
import { DEFAULT_NAMES, killKeys } from './keys.ts';

type Names = PublishedConfig['names'];

/** A configured name that meets another key: a stop under it would be lost in something else, or destroy it. */
export interface KeyClash {
  readonly name: keyof Names;
  /** What it meets: a key of our own, or the flag of another setting. */
  readonly meets: { readonly key: string } | { readonly name: keyof Names };
}

/** One key, or all keys that begin so. */
interface Span {
  readonly text: string;
  readonly open: boolean;
}

const FLAGS = ['global_flag', 'per_tenant_flag_prefix', 'per_session_flag_prefix', 'disabled_tools_key'] as const;

/** Every name of a flag that meets a key of our own or another flag; names of the contract meet nothing. */
export function keyClashes(names: Names): readonly KeyClash[] {
  const own = ownSpans();
  return FLAGS.flatMap((name, index): readonly KeyClash[] => {
    const spans = spansOf(name, names);
    const key = own.find((one) => spans.some((span) => meet(span, one)));
    if (key !== undefined) return [{ name, meets: { key: key.text } }];
    const other = FLAGS.slice(0, index).find((before) => flagsMeet(before, name, names));
    if (other === undefined) return [];
    // Told about the one that somebody chose.
    return names[name] === DEFAULT_NAMES[name]
      ? [{ name: other, meets: { name } }]
      : [{ name, meets: { name: other } }];
  });
}

/** Prefixes of tenants and of sessions may begin alike: the longer one is meant (see `scopeOfFlag`). */
function flagsMeet(a: keyof Names, b: keyof Names, names: Names): boolean {
  if (a === 'per_tenant_flag_prefix' && b === 'per_session_flag_prefix') return names[a] === names[b];
  return spansOf(a, names).some((one) => spansOf(b, names).some((other) => meet(one, other)));
}

function spansOf(name: keyof Names, names: Names): readonly Span[] {
  const text = names[name];
  if (name === 'global_flag') return [{ text, open: false }];
  if (name === 'disabled_tools_key') return withParts(text);
  return [{ text, open: true }];
}

/** A key, and what stands beside it under names that begin with it. */
function withParts(text: string): readonly Span[] {
  return [
    { text, open: false },
    { text: `${text}:`, open: true },
  ];
}

function ownSpans(): readonly Span[] {
  const { prefix: _, globalFlag, tenantFlags, sessionFlags, disabledTools, ...own } = killKeys();
  const elsewhere = ['agent_kill_silences', 'agent_checkpoint:'];
  return [...Object.values(own), ...elsewhere].flatMap((text) =>
    /[:_]$/.test(text) ? [{ text, open: true }] : withParts(text),
  );
}

function meet(a: Span, b: Span): boolean {
  if (a.open && b.text.startsWith(a.text)) return true;
  return b.open ? a.text.startsWith(b.text) : a.text === b.text;
}
