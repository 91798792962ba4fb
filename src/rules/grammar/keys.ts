import type { FingerprintPart, GroupKey, NumberField } from '../../domain/rule.ts';
import type { Cursor } from '../reader.ts';
import { list } from '../shapes/collections.ts';
import { expectedWord, textOf } from '../shapes/scalars.ts';
import { refuse, type Shape } from '../shapes/shape.ts';
import { ARGS_PATH, LABELS_PATH } from './match.ts';

/** One of a few words, or a path that begins with a family's prefix. */
function wordOrPath<T extends string>(words: readonly string[], paths: readonly string[], shown: string): Shape<T> {
  const forms = paths.map((path) => new RegExp(path, 'u'));
  return {
    schema: { anyOf: [{ type: 'string', enum: words }, ...paths.map((pattern) => ({ type: 'string', pattern }))] },
    read: (at: Cursor, name, reader) => {
      const written = textOf(at);
      const fits = written !== null && (words.includes(written) || forms.some((form) => form.test(written)));
      return fits ? (written as T) : refuse(at, name, `${expectedWord(written, [...words, shown])}`, reader);
    },
  };
}

const GROUP_KEY = wordOrPath<GroupKey>(
  ['tenant', 'session', 'agent', 'tool', 'global_tool'],
  [LABELS_PATH],
  'labels.<name>',
);

export const groupBy = list(GROUP_KEY, 'a list of tenant, session, agent, tool, labels.<name>, or [global_tool]', 1);

export const numberField = wordOrPath<NumberField>(
  ['cost_usd', 'tokens_in', 'tokens_out', 'tokens', 'latency_ms'],
  [ARGS_PATH],
  'args.<path>',
);

const FINGERPRINT_PART = wordOrPath<FingerprintPart>(
  ['tool', 'args', 'idempotency_key'],
  [ARGS_PATH, LABELS_PATH],
  'args.<path> or labels.<name>',
);

export const fingerprint = list(FINGERPRINT_PART, 'a list like [tool, args]', 1);
