import { rfc3339 } from '../domain/time.ts';

/** To the second, UTC. */
export function timeText(epochMs: number): string {
  return rfc3339(epochMs).replace(/\.\d{3}Z$/, 'Z');
}

/** Ids and reasons come from agents: nothing in them may move a terminal's cursor or make a second line. */
export function oneLine(text: string, longest = 200): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '·');
  return plain.length <= longest ? plain : `${plain.slice(0, longest - 1)}…`;
}

/** `1 session`, `2 sessions`. */
export function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
