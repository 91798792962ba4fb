/** `npm run eval`: the rules over labelled logs of real agents; see docs/detection.md. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { messageOf } from '../src/domain/errors.ts';
import { backtest } from './backtest.ts';
import { outcomesOf } from './outcome.ts';
import { type JudgedSource, reportOf, reportText } from './report.ts';
import { readSources } from './source.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const USAGE = 'Usage: npm run eval -- [--data DIR] [--rules DIR] [-o table|json]';

interface Settings {
  readonly data: string;
  readonly rules: string;
  readonly output: 'table' | 'json';
}

/** @returns 0; 1 where a goal is missed or a backtest fails; 2 without data or for wrong usage */
async function main(): Promise<number> {
  const { data, rules, output } = settings();
  if (!existsSync(data)) {
    process.stderr.write(`There is no folder of labelled logs at ${data}: name one with --data DIR.\n`);
    return 2;
  }
  const judged: JudgedSource[] = [];
  for (const source of readSources(data)) {
    const verdict = await backtest(rules, source.eventsFile);
    process.stderr.write(`${source.name}: ${verdict.notes}`);
    judged.push({ name: source.name, outcomes: outcomesOf(source, verdict), wider: verdict.wider });
  }
  const report = reportOf(judged);
  process.stdout.write(output === 'json' ? `${JSON.stringify(report, null, 2)}\n` : reportText(report));
  return report.missed.length === 0 ? 0 : 1;
}

function settings(): Settings {
  const text = (value: string, short?: string) =>
    ({ type: 'string', default: value, ...(short && { short }) }) as const;
  const { values } = parseArgs({
    options: { data: text(`${ROOT}../shared/data`), rules: text(`${ROOT}rules`), output: text('table', 'o') },
  });
  const { data, rules, output } = values;
  if (output !== 'table' && output !== 'json') throw new TypeError('-o is table or json.');
  return { data: resolve(data), rules: resolve(rules), output };
}

process.exitCode = await main().catch((error: unknown) => {
  const isUsage = error instanceof TypeError;
  process.stderr.write(`${messageOf(error)}\n${isUsage ? `${USAGE}\n` : ''}`);
  return isUsage ? 2 : 1;
});
