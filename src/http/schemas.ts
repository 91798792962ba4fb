import { z } from '@hono/zod-openapi';
import { DURATION_PATTERN, parseDuration } from '../domain/duration.ts';
import { ID_BYTES_MAX, TEXT_BYTES_MAX } from '../domain/event/limits.ts';
import { isText } from '../domain/event/validate.ts';
import { MODES } from '../domain/mode.ts';
import { orList } from '../domain/nearest.ts';
import { unknownKey } from './issue.ts';

/**
 * Bodies and answers of the API. Unknown fields are refused: a misspelt `ttl` must not become a kill for good. Every value
 * carries what is expected of it, told however it is wrong.
 */

/** As in an event: bytes of well-formed UTF-8. */
const bytes = (max: number) => {
  const expected = `a text of 1 to ${max} bytes of well-formed UTF-8`;
  return z
    .string(expected)
    .min(1, expected)
    .refine((text) => isText(text, max), expected)
    .openapi({ type: 'string', maxLength: max });
};
export const idText = bytes(ID_BYTES_MAX);
export const toolText = bytes(TEXT_BYTES_MAX);

const REASON_MAX = 1_000;
const REASON = `a text of 1 to ${REASON_MAX} characters`;
const reason = z
  .string(REASON)
  .trim()
  .min(1, REASON)
  .max(REASON_MAX, REASON)
  .refine((text) => text.isWellFormed(), REASON);

const TTL = 'a duration like 30m, above zero and up to 366d';
const ttl = z
  .string(TTL)
  .transform((text) => parseDuration(text))
  .refine((ms) => ms !== null && ms > 0, TTL)
  .openapi({ type: 'string', pattern: DURATION_PATTERN, example: '30m' });
const mode = z.enum(MODES, orList(MODES));
const inFlight = z.enum(['finish', 'cancel'], 'finish or cancel');

const LIMIT = 'a whole number from 1 to 1000';
export const limitText = z.coerce.number(LIMIT).int(LIMIT).min(1, LIMIT).max(1_000, LIMIT);

function body<S extends z.ZodRawShape>(shape: S) {
  const keys = Object.keys(shape);
  const error: z.core.$ZodErrorMap = (issue) =>
    issue.code === 'unrecognized_keys'
      ? unknownKey((issue.keys as readonly string[])[0] ?? '', keys)
      : `an object with some of ${keys.join(', ')}`;
  return z.strictObject(shape, { error });
}

export const killBody = body({
  tenantId: idText.optional(),
  reason: reason.optional(),
  inFlight: inFlight.optional(),
}).openapi('KillSession');

export const switchBody = body({
  mode: mode.optional(),
  reason: reason.optional(),
  ttl: ttl.optional(),
  inFlight: inFlight.optional(),
}).openapi('TripSwitch');

export const toolBody = body({ tenantId: idText.optional(), reason: reason.optional(), ttl: ttl.optional() }).openapi(
  'DisableTool',
);

export const problemSchema = z
  .object({ type: z.string(), title: z.string(), status: z.int(), detail: z.string() })
  .openapi('Problem');

export const stateSchema = z
  .object({ scope: z.string(), state: z.looseObject({ mode: z.string(), reason: z.string(), version: z.int() }) })
  .openapi('ScopedState');

export const changeSchema = z
  .object({ status: z.enum(['tripped', 'unchanged']), scope: z.string(), state: z.looseObject({}).nullable() })
  .openapi('Change');

export const killedSchema = z
  .object({ status: z.literal('terminated'), sessionId: z.string(), tenantId: z.string() })
  .openapi('Killed');
