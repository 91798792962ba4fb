import type { TextTable } from '../../domain/event/symbols.ts';
import type { TextMatcher } from '../../domain/glob.ts';

const UNKNOWN = 0;
const YES = 1;
const NO = 2;

/** Matches the text of an interned id once, then answers from one byte. Id 0, no text, is never matched. */
export function cachedById(table: TextTable, matches: TextMatcher): (id: number) => boolean {
  let answers = new Uint8Array(Math.max(64, table.bound));
  answers[0] = NO;
  return (id) => {
    if (id >= answers.length) answers = grown(answers, Math.max(id + 1, table.bound));
    let answer = answers[id]!;
    if (answer === UNKNOWN) answers[id] = answer = matches(table.text(id)) ? YES : NO;
    return answer === YES;
  };
}

function grown(answers: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(length, answers.length * 2));
  larger.set(answers);
  return larger;
}
