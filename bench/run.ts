/** `npm run bench`: every measure of speed in one command, with its baselines; a table for people and a file for programs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { rootPath } from './child.ts';
import type { Figure } from './figure.ts';
import { machineText } from './machine.ts';
import type { Measure } from './measure.ts';
import { backtest } from './measures/backtest.ts';
import { checkpoint } from './measures/checkpoint.ts';
import { drain } from './measures/drain.ts';
import { engine } from './measures/engine.ts';
import { flip } from './measures/flip.ts';
import { guardCheck } from './measures/guard-check.ts';
import { latency } from './measures/latency.ts';
import { memory } from './measures/memory.ts';
import { steady } from './measures/steady.ts';
import { type Bench, LazyServices } from './services.ts';
import { tableText } from './table.ts';

const MEASURES: readonly Measure[] = [engine, memory, guardCheck, backtest, drain, checkpoint, flip, latency, steady];

const USAGE = `npm run bench -- [--only NAME…] [--quick] [--runs N] [--out FILE]

  --only NAME  only this measure; may be repeated
  --quick      small sizes, one run: shows that it works, never a figure
  --runs N     runs that medians are taken of (3)
  --out FILE   the result as JSON (.cache/bench/latest.json)

${MEASURES.map(({ name, about }) => `  ${name.padEnd(12)} ${about}`).join('\n')}
`;

const options = {
  only: { type: 'string', multiple: true },
  quick: { type: 'boolean', default: false },
  runs: { type: 'string' },
  out: { type: 'string', default: '.cache/bench/latest.json' },
  help: { type: 'boolean', default: false },
} as const;

const say = (text: string): void => void process.stderr.write(`bench: ${text}\n`);

async function main(): Promise<number> {
  const { values } = parseArgs({ options });
  const chosen = MEASURES.filter(({ name }) => values.only === undefined || values.only.includes(name));
  const unknown = (values.only ?? []).filter((name) => !MEASURES.some((measure) => measure.name === name));
  const runs = Number(values.runs ?? (values.quick ? 1 : 3));
  if (values.help || unknown.length > 0 || !(runs >= 1)) {
    process.stderr.write(`${unknown.map((name) => `There is no measure ${name}.\n`).join('')}${USAGE}`);
    return values.help ? 0 : 2;
  }
  const services = new LazyServices();
  const bench: Bench = { quick: values.quick, runs, services: () => services.get(), say };
  try {
    const figures = await measured(bench, chosen);
    report(figures, values.quick, resolve(rootPath('.'), values.out));
    return figures.some(({ invalid }) => invalid !== null) ? 1 : 0;
  } finally {
    await services.stop();
  }
}

async function measured(bench: Bench, measures: readonly Measure[]): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const measure of measures) {
    say(`${measure.name}: ${measure.about}`);
    figures.push(...(await measure.run(bench)));
  }
  return figures;
}

function report(figures: readonly Figure[], quick: boolean, file: string): void {
  const machine = machineText();
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), machine, quick, figures }, null, 2)}\n`);
  const warning = quick ? 'Quick sizes: this shows that the bench works, and says nothing about speed.\n' : '';
  process.stdout.write(`${machine}\n${warning}\n${tableText(figures)}\n${file}\n`);
}

process.exitCode = await main().catch((error: Error) => {
  say(error.message);
  return 1;
});
