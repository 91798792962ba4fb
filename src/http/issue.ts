import type { z } from '@hono/zod-openapi';
import { nearest, orList } from '../domain/nearest.ts';
import { killBody, switchBody, toolBody } from './schemas.ts';

const BODY_KEYS = [
  ...new Set([killBody, switchBody, toolBody].flatMap(({ shape }) => Object.keys(shape))),
] as readonly string[];

/** What is wrong with a request, as one sentence: where, and what was expected. Never the value itself. */
export function issueText(issue: z.core.$ZodIssue | undefined): string {
  const where = issue === undefined || issue.path.length === 0 ? 'the body' : issue.path.map(String).join('.');
  return issue?.code === 'unrecognized_keys' ? unknownKey(where, issue.keys[0]) : `${where}: ${expectation(issue)}`;
}

function expectation(issue: z.core.$ZodIssue | undefined): string {
  switch (issue?.code) {
    case 'invalid_value':
      return `expected ${orList(issue.values.map(String))}`;
    case 'custom':
      return `expected ${issue.message}`;
    default:
      return issue?.message ?? 'not as expected';
  }
}

function unknownKey(where: string, key = ''): string {
  const near = nearest(key, BODY_KEYS);
  const hint = near === null ? `expected some of ${BODY_KEYS.join(', ')}` : `did you mean ${near}?`;
  return `${where} has the unknown key "${key.slice(0, 60)}", ${hint}`;
}
