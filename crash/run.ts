/** `npm run crash`: the daemon killed again and again while it drains, on both settings, and every law that must hold nevertheless. */
import { randomInt } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { rootPath } from '../bench/child.ts';
import { machineText } from '../bench/machine.ts';
import { messageOf } from '../src/domain/errors.ts';
import { BUILT } from '../test/e2e/daemon-process.ts';
import { createEmbeddedSetting } from '../test/e2e/embedded-setting.ts';
import { createSetting, type Setting } from '../test/e2e/setting.ts';
import { startServices } from '../test/services/services.ts';
import type { Account } from './account.ts';
import { drain } from './drain.ts';
import { planOf } from './plan.ts';
import type { PlanOptions } from './plan-options.ts';
import { type Result, reportText, resultOf } from './report.ts';
import { CRASH_RULES } from './rules.ts';

const SIZE = { events: 200_000, incidents: 300, kills: 20, restores: 6, second: true };
const SETTINGS = ['kafka', 'embedded'] as const;

const USAGE = `npm run crash -- [--seed N] [--only kafka|embedded] [--events N] [--incidents N] [--kills N] [--out FILE]

  --seed N       the same plan again: stream, moments, restores (random)
  --only NAME    only this setting
  --events N     ordinary events (${SIZE.events})
  --incidents N  planted among them (${SIZE.incidents})
  --kills N      kill -9 (${SIZE.kills})
  --out FILE     the result as JSON (.cache/crash/latest.json)
`;

const options = {
  seed: { type: 'string' },
  only: { type: 'string' },
  events: { type: 'string' },
  incidents: { type: 'string' },
  kills: { type: 'string' },
  out: { type: 'string', default: '.cache/crash/latest.json' },
  help: { type: 'boolean', default: false },
} as const;

interface Settings {
  readonly plan: PlanOptions;
  readonly chosen: readonly (typeof SETTINGS)[number][];
  readonly out: string;
  readonly isHelp: boolean;
}

/** @throws TypeError for wrong usage */
function settings(): Settings {
  const { values } = parseArgs({ options });
  const number = (name: 'seed' | 'events' | 'incidents' | 'kills', otherwise: number): number => {
    const value = values[name] === undefined ? otherwise : Number(values[name]);
    if (!Number.isSafeInteger(value) || value < 0)
      throw new TypeError(`--${name} is ${values[name]}, expected a number`);
    return value;
  };
  const chosen = SETTINGS.filter((name) => values.only === undefined || values.only === name);
  if (chosen.length === 0) throw new TypeError(`--only is ${values.only}, expected ${SETTINGS.join(' or ')}`);
  return {
    plan: {
      ...SIZE,
      events: number('events', SIZE.events),
      incidents: number('incidents', SIZE.incidents),
      kills: number('kills', SIZE.kills),
      seed: number('seed', randomInt(2 ** 31)),
    },
    chosen,
    out: resolve(rootPath('.'), values.out),
    isHelp: values.help,
  };
}

/** @returns 0; 1 where a law is broken or it did not come to its end; 2 for wrong usage */
async function main(): Promise<number> {
  const { plan, chosen, out, isHelp } = settings();
  if (isHelp) {
    process.stdout.write(USAGE);
    return 0;
  }
  say(`seed ${plan.seed}`);
  // Side by side: on Kafka most of the time is spent waiting until the group has given up the member that was killed.
  const results = await Promise.all(chosen.map((name) => (name === 'kafka' ? onKafka(plan) : onEmbedded(plan))));
  const machine = machineText();
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, `${JSON.stringify({ at: new Date().toISOString(), machine, ...plan, results }, null, 2)}\n`);
  process.stdout.write(`${machine}\n${reportText(plan, results)}${out}\n`);
  return results.some(({ laws }) => laws.some(({ broken }) => broken.length > 0)) ? 1 : 0;
}

async function onKafka(plan: PlanOptions): Promise<Result> {
  const { kafkaBrokers: brokers, redisUrl: redis, stop } = await startServices();
  try {
    return await run('Kafka and Redis', await createSetting({ rules: CRASH_RULES, brokers, redis }), plan);
  } finally {
    await stop();
  }
}

async function onEmbedded(plan: PlanOptions): Promise<Result> {
  return run('embedded', createEmbeddedSetting(CRASH_RULES), plan);
}

async function run(name: string, setting: Setting, options: PlanOptions): Promise<Result> {
  const startedAt = performance.now();
  try {
    const account = await drain(setting, planOf(options), {
      program: BUILT,
      say: (what) => say(`${Math.round((performance.now() - startedAt) / 1_000)} s, ${name}, ${what}`),
    });
    keep(name, account);
    return resultOf(name, account, (performance.now() - startedAt) / 1_000);
  } finally {
    await setting.dispose();
  }
}

/** What the laws were judged by, for whoever has to find out why one is broken. */
function keep(name: string, { records }: Account): void {
  const file = rootPath(`.cache/crash/${name.replaceAll(' ', '-')}.audit.ndjson`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
}

function say(text: string): void {
  process.stderr.write(`crash: ${text}\n`);
}

process.exitCode = await main().catch((error: unknown) => {
  const isUsage = error instanceof TypeError;
  process.stderr.write(`crash: ${messageOf(error)}\n${isUsage ? USAGE : ''}`);
  return isUsage ? 2 : 1;
});
