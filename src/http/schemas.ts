import { z } from '@hono/zod-openapi';
import { DURATION_PATTERN, parseDuration } from '../domain/duration.ts';
import { MODES } from '../domain/mode.ts';

/** Bodies and answers of the API. Unknown fields are refused: a misspelt `ttl` must not become a kill for good. */

const id = z.string().min(1).max(256);
const reason = z.string().trim().min(1).max(1_000);
const ttl = z
  .string()
  .regex(new RegExp(DURATION_PATTERN), 'a duration like 30m')
  .transform((text) => parseDuration(text))
  .pipe(z.number().int().positive())
  .openapi({ type: 'string', example: '30m' });
const inFlight = z.enum(['finish', 'cancel']);

export const killBody = z
  .strictObject({ tenantId: id.optional(), reason: reason.optional(), inFlight: inFlight.optional() })
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
  .strictObject({ tenantId: id.optional(), reason: reason.optional(), ttl: ttl.optional() })
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
