import type { z } from '@hono/zod-openapi';
import { nearest } from '../domain/nearest.ts';

/** What is wrong with a request, as one sentence: where, and what was expected. Never the value itself. */
export function issueText(issue: z.core.$ZodIssue | undefined): string {
  const where = issue === undefined || issue.path.length === 0 ? 'the body' : issue.path.map(String).join('.');
  // The messages are those of schemas.ts.
  if (issue?.code === 'unrecognized_keys') return `${where} ${issue.message}`;
  return `${where}: expected ${issue?.message ?? 'something else'}`;
}

/** `keys`: those of this very body; another one may well have the key. */
export function unknownKey(key: string, keys: readonly string[]): string {
  const near = nearest(key, keys);
  const hint = near === null ? `expected some of ${keys.join(', ')}` : `did you mean ${near}?`;
  return `has the unknown key "${key.slice(0, 60)}", ${hint}`;
}
