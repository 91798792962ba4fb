import type { ValidEvent } from '../../domain/event/validate.ts';

/** Beyond that an event would not fit a record of the log (UTF-16 units; a record takes 900 kB). */
const LENGTH_MAX = 250_000;

/** Says in an event why its arguments are not there. */
const ARGS_LABEL = 'sentinel.args';

/** An event as JSON. Arguments that JSON cannot say, or that are too large, stay behind, and the event says so. */
export function encodeEvent(event: ValidEvent): string {
  const { args, ...rest } = event;
  let missing = 'too large';
  try {
    const json = JSON.stringify(event);
    if (json.length <= LENGTH_MAX) return json;
  } catch {
    missing = 'no JSON';
  }
  return JSON.stringify({ ...rest, labels: { ...rest.labels, [ARGS_LABEL]: missing } });
}
