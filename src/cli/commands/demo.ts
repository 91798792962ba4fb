import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Command, Option } from 'commander';
import type { Config } from '../../daemon/config/config.ts';
import { newestAudit } from '../../daemon/newest-audit.ts';
import { openPorts } from '../../daemon/open-ports.ts';
import { type Serving, serve } from '../../daemon/serve.ts';
import { isSentinelError, SentinelError } from '../../domain/errors.ts';
import type { KillStore } from '../../ports/kill-store.ts';
import type { Cli } from '../cli.ts';
import { configOf } from '../config-options.ts';
import { INCIDENT } from '../demo/incident.ts';
import { type ReplayOptions, replay, sendUnguarded } from '../demo/replay.ts';
import { type Outcome, outcomeOf, stepLine, summary } from '../demo/story.ts';
import { createLogger } from '../logger.ts';
import type { ExitCode } from '../output.ts';

interface DemoOptions {
  readonly once?: boolean;
  readonly output: 'text' | 'json';
  readonly port?: string;
  readonly rules?: string;
}

/** Guards ask that often here, so that a call past them counts as leaked soon. */
const CACHE_TTL_S = 0.5;
/** A call counts as leaked that much after the kill, at the earliest, ms. */
const LEAK_AFTER_MS = CACHE_TTL_S * 1_000 + 2_000;
const FOUND_WITHIN_MS = 5_000;
const SHIPPED_RULES = fileURLToPath(new URL('../../../rules', import.meta.url));

/** `sentinel demo`: the embedded daemon and a replayed incident through a real guard. */
export function demoCommand(program: Command, cli: Cli): void {
  program
    .command('demo')
    .description('Replay an incident through a real guard and daemon, in a folder of its own: nothing to install.')
    .option('--once', 'exit when it is over: 0 only if the incident was stopped')
    .addOption(
      new Option('-o, --output <form>', 'text, or json (one object a line)').choices(['text', 'json']).default('text'),
    )
    .option('--port <port>', 'port of the HTTP API (default: 7070, or any free one)')
    .option('--rules <folder>', 'folder of rules (default: the shipped ones)')
    .addHelpText('after', '\nExample:\n  sentinel demo --once\n')
    .action(async (options: DemoOptions) => {
      const dir = mkdtempSync(join(tmpdir(), 'sentinel-demo-'));
      const remove = () => rmSync(dir, { recursive: true, force: true });
      // Who reads us may have gone (`| head`): then the process ends where it stands.
      process.once('exit', remove);
      const over = new AbortController();
      try {
        cli.exit(await demo(cli, options, dir, interrupted(over.signal)));
      } finally {
        over.abort();
        remove();
        process.off('exit', remove);
      }
    });
}

/** @param leave resolves when the person wants it to end, also in the middle. */
async function demo(cli: Cli, options: DemoOptions, dir: string, leave: Promise<null>): Promise<ExitCode> {
  const json = options.output === 'json';
  const say = (text: string) => cli.terminal.out(json ? '' : `${text}\n`);
  const tell = (fact: object) => cli.terminal.out(json ? `${JSON.stringify(fact)}\n` : '');
  const serving = await serveEmbedded(demoConfig(cli, options, dir), options.port === undefined, cli);
  try {
    await serving.started.catch(wrongRules);
    say(`The daemon runs at ${serving.http.url}, embedded: no Kafka, no Redis.\n`);
    say(
      `An agent that drafts follow-ups starts to send them: ${INCIDENT.sends} e-mails in ${INCIDENT.minutes} minutes, played fast.\n`,
    );
    const playing = play(serving, dir, (step, line) => {
      tell(step);
      if (line !== null) say(line);
    });
    const outcome = await Promise.race([playing, leave]);
    if (outcome === null) return 1;
    tell({ step: 'outcome', ...outcome });
    say(`\n${summary(outcome)}`);
    if (options.once === true) return outcome.stopped ? 0 : 1;
    say(`It goes on running. Try:\n  curl -s ${serving.http.url}/api/state\nCtrl-C ends it.`);
    await leave;
    return 0;
  } finally {
    await serving.stop();
  }
}

/** As for `sentinel run`: rules that are none are wrong configuration. */
function wrongRules(error: unknown): never {
  const isTheirs = isSentinelError(error) && error.code === 'rules_invalid';
  throw isTheirs ? new SentinelError('config_invalid', error.message, { cause: error }) : error;
}

function demoConfig(cli: Cli, options: DemoOptions, dir: string): Config {
  const { KAFKA_BROKERS: _brokers, REDIS_URL: _redis, SENTINEL_RULES: _rules, ...env } = cli.terminal.env;
  const rules = options.rules ?? SHIPPED_RULES;
  const here: Cli = { ...cli, terminal: { ...cli.terminal, env } };
  const config = configOf(here, { rules, dir, ...(options.port === undefined ? {} : { port: options.port }) });
  return { ...config, kafka: null, redis: null, killSwitch: { ...config.killSwitch, cacheTtlS: CACHE_TTL_S } };
}

/** The usual port, or any free one where it is taken and nobody asked for it. */
async function serveEmbedded(config: Config, mayMove: boolean, cli: Cli): Promise<Serving> {
  const logger = createLogger('error', process.stderr);
  const onCrash = (error: Error): void => cli.terminal.err(`${error.message}\n`);
  const start = async (port: number): Promise<Serving> => {
    const ports = await openPorts(config, logger);
    return serve({ config: { ...config, http: { ...config.http, port } }, ports, logger, onCrash });
  };
  return start(config.http.port).catch((error) => {
    if (mayMove && isSentinelError(error) && error.code === 'usage') return start(0);
    throw error;
  });
}

async function play(
  serving: Serving,
  dir: string,
  onStep: (step: object, line: string | null) => void,
): Promise<Outcome> {
  const { ports, config, metrics } = serving.daemon;
  const options: ReplayOptions = {
    dir,
    sessionId: `follow-ups-${randomUUID().slice(0, 8)}`,
    now: () => ports.clock.now(),
    onStep: (step) => onStep(step, stepLine(step)),
  };
  const result = await replay(options);
  const state = await terminated(ports.store, options.sessionId);
  const leaks = async (): Promise<number> => (await metrics.leakedCalls.get()).values[0]?.value ?? 0;
  if (state !== null) {
    await sleep(Math.max(0, state.at + LEAK_AFTER_MS + 100 - options.now()));
    await sendUnguarded(options);
    const deadline = options.now() + FOUND_WITHIN_MS;
    while ((await leaks()) === 0 && options.now() < deadline) await sleep(20);
  }
  const records = await newestAudit(ports.log, config.topics.audit, 1_000);
  const alert = records.find(({ type, session_id }) => type === 'alert.firing' && session_id === options.sessionId);
  return outcomeOf(result, state, alert?.timing?.appended_at ?? null, await leaks());
}

async function terminated(store: KillStore, session: string) {
  const [reading] = await store.read([{ kind: 'session', tenant: INCIDENT.tenant, session }]);
  return reading?.state?.mode === 'stop_all' ? reading.state : null;
}

/** Resolves at Ctrl-C or SIGTERM; listens until `over`. */
function interrupted(over: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const leave = () => resolve(null);
      process.once(signal, leave);
      over.addEventListener('abort', () => process.off(signal, leave));
    }
  });
}
