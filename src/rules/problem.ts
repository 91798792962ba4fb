import { SentinelError } from '../domain/errors.ts';

/** One thing that is wrong with the rules, where it stands, and what was expected instead. */
export interface Problem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  readonly message: string;
}

/** `file:line:column: what, what was expected`. */
export function problemText(problem: Problem): string {
  return `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`;
}

/** In the order of files, then of place. */
export function sortProblems(problems: readonly Problem[]): readonly Problem[] {
  return [...problems].sort(
    (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column,
  );
}

/** All problems as the one error of a command that cannot go on. */
export function rulesError(problems: readonly Problem[]): SentinelError {
  return new SentinelError('rules_invalid', problems.map(problemText).join('\n'));
}
