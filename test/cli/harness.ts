/** Runs command lines as a shell would, with captured output, on an embedded store in a folder of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Shell {
  readonly dir: string;
  readonly env: Record<string, string>;
  /** What the person at the terminal answers; null: nobody is there. */
  answer: string | null;
  readonly asked: string[];
  run(line: string): Promise<Ran>;
  runArgs(args: readonly string[], interrupted?: AbortSignal, onOut?: (text: string) => void): Promise<Ran>;
}

/** No daemon listens where it asks for one. */
export function shell(env: Record<string, string> = {}): Shell {
  const dir = mkdtempSync(join(tmpdir(), 'sentinel-cli-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const asked: string[] = [];
  const ask = async (question: string): Promise<string> => {
    asked.push(question);
    return self.answer ?? '';
  };
  const self: Shell = {
    dir,
    env: { SENTINEL_DIR: join(dir, 'store'), SENTINEL_HTTP_PORT: '0', USER: 'ann', ...env },
    answer: null,
    asked,
    run: (line) => self.runArgs(words(line)),
    runArgs: async (args, interrupted, onOut) => {
      let out = '';
      let err = '';
      const code = await runProgram(args, {
        out: (text) => {
          out += text;
          onOut?.(text);
        },
        err: (text) => {
          err += text;
        },
        isTty: self.answer !== null,
        env: self.env,
        ...(interrupted === undefined ? {} : { interrupted }),
        ...(self.answer === null ? {} : { ask }),
      });
      return { code, out, err };
    },
  };
  return self;
}

/** Splits as a shell does, as far as our examples go: blanks, "…" and '…'. The leading `sentinel` is left out. */
export function words(line: string): string[] {
  const found = line.match(/"[^"]*"|'[^']*'|[^\s"']+/g) ?? [];
  const plain = found.map((word) => word.replace(/^(["'])(.*)\1$/, '$2'));
  return plain[0] === 'sentinel' ? plain.slice(1) : plain;
}
