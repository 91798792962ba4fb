import { isMode, joinModes, type Mode, type ModeText } from '../domain/mode.ts';
import type { Scope } from '../domain/scope.ts';

/**
 * What a person meant who set a flag by hand (contract 5, "By hand"):
 *
 * | text                              | means                                        |
 * | `0`, `false`, `off`, `no`, empty  | clears                                       |
 * | `1`                               | `mode_when_enabled`, added to what stands    |
 * | a mode by name, or several with , | replaces what stands, downwards too          |
 * | anything else, or no text at all  | `stop_all`, added to what stands             |
 *
 * Letter case and white space around do not matter. Any trip of a session terminates it.
 */
export interface HandText {
  readonly how: 'clears' | 'adds' | 'replaces';
  /** What the flag says: `none` where it clears. */
  readonly mode: Exclude<ModeText, 'disabled'>;
}

const CLEARING = new Set(['0', 'false', 'off', 'no', '']);
/** Only ASCII white space, as the Lua script's `%s` has it. */
const AROUND = /^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g;

/** No word of ours is longer, whatever white space is around it: such a text is other text, and not searched. */
const LONGEST = 100;

/** A list, hash or other Redis type where a text should be: somebody meant to stop something. */
export const NOT_A_TEXT: HandText = { how: 'adds', mode: 'stop_all' };

export function readHandText(text: string, kind: Exclude<Scope['kind'], 'tool'>, modeWhenEnabled: Mode): HandText {
  if (text.length > LONGEST) return NOT_A_TEXT;
  const word = text.replace(AROUND, '').toLowerCase();
  if (CLEARING.has(word)) return { how: 'clears', mode: 'none' };
  const named = modeByName(word);
  const how = named === null ? 'adds' : 'replaces';
  if (kind === 'session') return { how, mode: 'stop_all' };
  return { how, mode: named ?? (word === '1' ? modeWhenEnabled : 'stop_all') };
}

/** `disable_writes`, or several modes with commas between; null where any part is no mode. */
function modeByName(word: string): HandText['mode'] | null {
  const parts = word.split(',').map((part) => part.replace(AROUND, ''));
  if (!parts.every(isMode)) return null;
  return parts.reduce<ModeText>(joinModes, 'none') as HandText['mode'];
}
