import type { Readable } from 'node:stream';
import { isRefusal, isSentinelError, messageOf, type SentinelError } from '../domain/errors.ts';

/** What a command writes and how it ends; handed in, so that a test can read it. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly isTty: boolean;
  /** Whether somebody looks at `err`; absent: no. */
  readonly errIsTty?: boolean;
  /** Standard input; absent: the process's own. */
  readonly stdin?: () => Readable;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Asks the person at the terminal; absent where nobody is there. */
  readonly ask?: (question: string) => Promise<string>;
  /** Aborted when the person wants the command to end (Ctrl-C), for commands that follow something. */
  readonly interrupted?: AbortSignal;
}

/** 0: success. 1: a check failed, or something did not work. 2: wrong usage or configuration. */
export type ExitCode = 0 | 1 | 2;

const USAGE: readonly SentinelError['code'][] = ['usage', 'config_invalid'];

/** Tells a failure in one sentence, never with a stack trace. */
export function fail(terminal: Terminal, error: unknown): ExitCode {
  terminal.err(`${messageOf(error)}\n`);
  if (!isSentinelError(error))
    terminal.err('This is a fault of sentinel itself; SENTINEL_LOG_LEVEL=debug tells more.\n');
  // What refuses us for good is configured wrongly: trying again changes nothing.
  return isRefusal(error) || (isSentinelError(error) && USAGE.includes(error.code)) ? 2 : 1;
}

/** Rows in columns, as wide as they need to be. */
export function table(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows
    .map((row) => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  '))
    .map((line) => `${line}\n`)
    .join('');
}
