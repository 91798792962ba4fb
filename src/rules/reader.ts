import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  parseDocument,
} from 'yaml';
import { messageOf } from '../domain/errors.ts';
import type { Problem } from './problem.ts';
import { yamlProblems } from './yaml-errors.ts';

/** A value in a file and where it stands; `node` is null where the key has no value at all. */
export interface Cursor {
  readonly node: Node | null;
  /** Where to point when something is wrong with it. */
  readonly offset: number;
}

/** Aliases that one file may use: a few anchors are handy, thousands are an attack. */
const MAX_ALIASES = 100;

/** Words and signs that one file may have, blanks among them: some 300 rules. */
const MAX_TOKENS = 32_000;

/** Problems of one file that are listed; nobody reads more. */
const MAX_PROBLEMS = 1_000;

/**
 * One YAML file, its values with their places, and all problems found so far. Never throws, whatever the text.
 */
export class Reader {
  readonly file: string;
  readonly #expected: string;
  readonly #lines = new LineCounter();
  readonly #problems: Problem[] = [];
  readonly #document: Document | null;
  #aliases = 0;
  #reported = 0;

  /** `expected`: what the file should hold, for messages about what is no YAML at all. */
  constructor(file: string, text: string, expected = 'groups of rules') {
    this.file = file;
    this.#expected = expected;
    this.#document = this.#parse(text);
  }

  get problems(): readonly Problem[] {
    return this.#problems;
  }

  /** How many problems there are, listed or not: what was read is sound when reading it added none. */
  get problemCount(): number {
    return this.#reported;
  }

  /** So many problems that nothing more is read: nobody would be told. */
  get isFull(): boolean {
    return this.#reported > MAX_PROBLEMS;
  }

  /** The whole file; null when it has no content or cannot be read any further. */
  root(): Cursor | null {
    const contents = this.#document?.contents;
    return isNode(contents) ? this.cursor(contents, 0) : null;
  }

  /** Follows an alias to what it stands for; the place stays that of the alias. */
  cursor(node: unknown, fallback: number): Cursor {
    if (!isNode(node)) return { node: null, offset: fallback };
    const offset = node.range?.[0] ?? fallback;
    if (!isAlias(node)) return { node, offset };
    if (++this.#aliases > MAX_ALIASES) {
      if (this.#aliases === MAX_ALIASES + 1) this.report(offset, `more than ${MAX_ALIASES} aliases, expected fewer`);
      return { node: null, offset };
    }
    return { node: node.resolve(this.#document!) ?? null, offset };
  }

  /** The value at a path of keys and indexes below a value; the nearest one above it where there is none. */
  locate(from: Cursor, path: readonly (string | number)[]): Cursor {
    let at = from;
    for (const step of path) {
      const next = this.#child(at, step);
      if (next === null) return at;
      at = next;
    }
    return at;
  }

  report(offset: number, message: string): void {
    if (++this.#reported > MAX_PROBLEMS + 1) return;
    const more = `more than ${MAX_PROBLEMS} problems, expected fewer: the others are not listed`;
    const listed = this.#reported > MAX_PROBLEMS ? more : message;
    this.#problems.push({ file: this.file, ...this.place(offset), message: listed });
  }

  place(offset: number): { readonly line: number; readonly column: number } {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  #child(at: Cursor, step: string | number): Cursor | null {
    if (isMap(at.node)) {
      const pair = at.node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
      return pair === undefined ? null : this.cursor(pair.value, at.offset);
    }
    if (isSeq(at.node)) {
      const item = at.node.items[Number(step)];
      return item === undefined ? null : this.cursor(item, at.offset);
    }
    return null;
  }

  /** What is no YAML ends the reading. Whether keys are unique is for those who read maps: the library compares all pairs. */
  #parse(text: string): Document | null {
    if (hasTooManyTokens(text)) {
      this.report(0, `the file has more than ${MAX_TOKENS} words and signs of YAML, expected fewer: split it`);
      return null;
    }
    try {
      const document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, uniqueKeys: false });
      const wrong = yamlProblems(document, { lineOf: (offset) => this.place(offset).line, aliasesMax: MAX_ALIASES });
      for (const { offset, message } of wrong) this.report(offset, message);
      return wrong.length === 0 ? document : null;
    } catch (error) {
      const message = messageOf(error);
      const isDeep = message.includes('call stack');
      this.report(
        0,
        isDeep ? `values are nested too deeply, expected ${this.#expected}` : `not readable as YAML: ${message}`,
      );
      return null;
    }
  }
}

/** Reading them costs little beside making a document of them. */
function hasTooManyTokens(text: string): boolean {
  let count = 0;
  for (const _ of new Lexer().lex(text)) if (++count > MAX_TOKENS) return true;
  return false;
}
