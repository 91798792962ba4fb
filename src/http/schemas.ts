import { z } from '@hono/zod-openapi';
import { DURATION_PATTERN, parseDuration } from '../domain/duration.ts';
import { ID_BYTES_MAX, TEXT_BYTES_MAX } from '../domain/event/limits.ts';
import { isText } from '../domain/event/validate.ts';
import { MODES } from '../domain/mode.ts';

/** Bodies and answers of the API. Unknown fields are refused: a misspelt `ttl` must not become a kill for good. */

/** As in an event: bytes of well-formed UTF-8. */
export const idText = z
  .string()
  .min(1)
  .refine((text) => isText(text, ID_BYTES_MAX), `at most ${ID_BYTES_MAX} bytes of well-formed UTF-8`)
  .openapi({ type: 'string', maxLength: ID_BYTES_MAX });
export const toolText = z
  .string()
  .min(1)
  .refine((text) => isText(text, TEXT_BYTES_MAX), `at most ${TEXT_BYTES_MAX} bytes of well-formed UTF-8`)
  .openapi({ type: 'string', maxLength: TEXT_BYTES_MAX });
const reason = z
  .string()
  .trim()
  .min(1)
  .max(1_000)
  .refine((text) => text.isWellFormed(), 'well-formed text');
const ttl = z
  .string()
  .transform((text) => parseDuration(text))
  .refine((ms) => ms !== null && ms > 0, 'a duration like 30m, above zero and up to 366d')
  .openapi({ type: 'string', pattern: DURATION_PATTERN, example: '30m' });
const inFlight = z.enum(['finish', 'cancel']);

export const killBody = z
  .strictObject({ tenantId: idText.optional(), reason: reason.optional(), inFlight: inFlight.optional() })
  .openapi('KillSession');

export const switchBody = z
  .strictObject({
    mode: z.enum(MODES).optional(),
    reason: reason.optional(),
    ttl: ttl.optional(),
    inFlight: inFlight.optional(),
  })
  .openapi('TripSwitch');

export const toolBody = z
  .strictObject({ tenantId: idText.optional(), reason: reason.optional(), ttl: ttl.optional() })
  .openapi('DisableTool');

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
