import type { Rule, RuleGroup, RuleSet } from '../domain/rule.ts';
import { buildRule } from './build.ts';
import { checkRule } from './checks/rule.ts';
import { type DraftGroup, fileShape, type PlacedDraft } from './grammar/file.ts';
import { setHash } from './hash.ts';
import { type Problem, problemText, sortProblems } from './problem.ts';
import { type Cursor, Reader } from './reader.ts';

/** A rules file as it was found; `name` is what messages call it. */
export interface RuleFile {
  readonly name: string;
  readonly content: string | Uint8Array;
}

/** A whole set, or everything that is wrong with it; never a part. */
export type RulesResult =
  | { readonly status: 'valid'; readonly set: RuleSet }
  | { readonly status: 'invalid'; readonly problems: readonly Problem[] };

/** Larger files are refused unread: a file is read in one go, and a daemon stops for nobody's rules. */
export const MAX_FILE_BYTES = 64 * 1024;

/**
 * Reads rules files into one set. Never throws, whatever the bytes: what is wrong is in the answer, all of it, each
 * with its place.
 */
export function parseRules(files: readonly RuleFile[]): RulesResult {
  return joinFiles(files.map(parseFile));
}

/** One set of files that were read one by one. */
export function joinFiles(parsed: readonly ParsedFile[]): RulesResult {
  const problems = [...parsed.flatMap((file) => file.problems), ...repeatedNames(parsed)];
  if (problems.length > 0) return { status: 'invalid', problems: sortProblems(problems) };
  const groups = parsed.flatMap((file) => file.groups.map(({ value }) => value));
  const rules = parsed.flatMap((file) => file.rules.map(({ value }) => value));
  const longestWindowMs = Math.max(0, ...rules.map(({ windowMs }) => windowMs ?? 0));
  return { status: 'valid', set: { groups, rules, hash: setHash(groups, rules), longestWindowMs } };
}

interface Placed<T> {
  readonly value: T;
  /** Where its name stands. */
  readonly named: Omit<Problem, 'message'>;
}

export interface ParsedFile {
  readonly groups: readonly Placed<RuleGroup>[];
  /** Those that could be read; the names of all must differ. */
  readonly rules: readonly Placed<Rule>[];
  readonly problems: readonly Problem[];
}

/** Never throws, as {@link parseRules}. */
export function parseFile(file: RuleFile): ParsedFile {
  const text = decode(file);
  if (typeof text !== 'string') return { groups: [], rules: [], problems: [text] };
  const reader = new Reader(file.name, text);
  const root = reader.root();
  if (root === null) return { groups: [], rules: [], problems: orEmpty(reader) };
  const groups = fileShape.read(root, 'the file', reader)?.groups ?? [];
  return {
    groups: groups.flatMap((group) => readGroup(group, reader)),
    rules: groups.flatMap(({ name, rules }) => (rules ?? []).flatMap((rule) => readRule(rule, name ?? '', reader))),
    problems: reader.problems,
  };
}

function readGroup({ name, limit, at }: DraftGroup, reader: Reader): readonly Placed<RuleGroup>[] {
  if (name === undefined) return [];
  const bound = limit === undefined ? null : { max: limit.max, perMs: limit.per };
  return [{ value: { name, limit: bound }, named: placeOf(at, 'name', reader) }];
}

function readRule({ draft, at }: PlacedDraft, group: string, reader: Reader): readonly Placed<Rule>[] {
  if (draft === null) return [];
  const rule = buildRule(draft, group, { file: reader.file, ...reader.place(at.offset) });
  checkRule(draft, rule, (path, message) => {
    reader.report(reader.locate(at, path).offset, message);
  });
  return [{ value: rule, named: placeOf(at, 'alert', reader) }];
}

function placeOf(at: Cursor, key: string, reader: Reader): Omit<Problem, 'message'> {
  return { file: reader.file, ...reader.place(reader.locate(at, [key]).offset) };
}

/** Names of alerts and of groups are unique over all files: limits, silences and audit records go by them. */
function repeatedNames(files: readonly ParsedFile[]): readonly Problem[] {
  return [
    ...repeated(
      'the alert',
      files.flatMap((file) => file.rules),
    ),
    ...repeated(
      'the group',
      files.flatMap((file) => file.groups),
    ),
  ];
}

function repeated(what: string, placed: readonly Placed<{ readonly name: string }>[]): readonly Problem[] {
  const seen = new Map<string, Omit<Problem, 'message'>>();
  const problems: Problem[] = [];
  for (const { value, named } of placed) {
    const first = seen.get(value.name);
    if (first === undefined) seen.set(value.name, named);
    else {
      const where = problemText({ ...first, message: '' }).slice(0, -2);
      problems.push({
        ...named,
        message: `${what} ${value.name} stands already at ${where}, expected a name of its own`,
      });
    }
  }
  return problems;
}

/** A file cut short by a crash or an editor must not read as "no rules": only `groups: []` says so. */
function orEmpty(reader: Reader): readonly Problem[] {
  if (reader.problems.length > 0) return reader.problems;
  return [problemAt(reader.file, 'the file is empty, expected groups of rules (groups: [] for none)')];
}

function decode({ name, content }: RuleFile): string | Problem {
  const size = typeof content === 'string' ? Buffer.byteLength(content) : content.byteLength;
  if (size > MAX_FILE_BYTES) {
    return problemAt(name, `the file has ${size} bytes, expected at most ${MAX_FILE_BYTES}: split it`);
  }
  if (typeof content === 'string') return content;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    return problemAt(name, 'the file is not UTF-8, expected YAML in UTF-8');
  }
}

export function problemAt(file: string, message: string): Problem {
  return { file, line: 1, column: 1, message };
}
