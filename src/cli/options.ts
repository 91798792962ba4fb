import { type Command, InvalidArgumentError, Option } from 'commander';
import { formatDuration, LONGEST_DURATION_MS, parseDuration } from '../domain/duration.ts';

export type OutputForm = 'table' | 'json';

/** `-o json` on every command that has something to read. */
export function addOutputOption(command: Command): Command {
  return command.addOption(
    new Option('-o, --output <form>', 'how to write it').choices(['table', 'json']).default('table'),
  );
}

/** Shown at the end of `--help`; a test runs each of them. */
export function addExamples(command: Command, examples: readonly string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}\n`).join('')}`);
}

const DURATION = `Expected a duration like 90s, 30m or 7d, above zero and up to ${formatDuration(LONGEST_DURATION_MS)}.`;

/** Parses `30m` to ms, more than 0; what is none is wrong usage. */
export function durationOption(text: string): number {
  const ms = parseDuration(text);
  if (ms === null || ms === 0) throw new InvalidArgumentError(DURATION);
  return ms;
}

/** @returns parses a whole number in that range. */
export function numberOption(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
  };
}

/** An id or a reason: something must stand there. */
export function textOption(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('Expected a text that is not empty.');
  return text;
}
