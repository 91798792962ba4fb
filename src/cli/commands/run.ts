import type { Command } from 'commander';
import { openPorts } from '../../daemon/open-ports.ts';
import { serve } from '../../daemon/serve.ts';
import { messageOf } from '../../domain/errors.ts';
import type { Cli } from '../cli.ts';
import { addConfigOptions, daemonConfigOf } from '../config-options.ts';
import { createLogger } from '../logger.ts';
import type { ExitCode } from '../output.ts';

/** `sentinel run`: the daemon. */
export function runCommand(program: Command, cli: Cli): void {
  const command = program
    .command('run')
    .description('Run the daemon: read events, judge them by rules, stop what runs away.')
    .option('--simulate', 'record what would be done, do nothing')
    .option('--port <port>', 'port of the HTTP API, 0 for any free one')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  sentinel run --rules node_modules/agent-sentinel/rules\n' +
        '  KAFKA_BROKERS=127.0.0.1:9092 REDIS_URL=redis://127.0.0.1:6379 sentinel run --rules rules\n\n' +
        'Without Kafka and Redis everything is kept in the folder of --dir. SIGTERM ends it with exit 0 after checkpoint and\n' +
        'commit; a supervisor starts node_modules/.bin/sentinel itself, because npx hands no signals on.\n',
    );
  addConfigOptions(command);
  command.action(async (options) => {
    const config = daemonConfigOf(cli, options);
    const logger = createLogger(config.log.level);
    if (config.kafka === null)
      logger.info({ dir: config.embedded.dir }, 'no Kafka configured: the embedded log is used');
    if (config.redis === null)
      logger.info({ dir: config.embedded.dir }, 'no Redis configured: the embedded store is used');
    let end: (code: ExitCode) => void = () => {};
    const ended = new Promise<ExitCode>((resolve) => {
      end = resolve;
    });
    const ports = await openPorts(config, logger);
    const serving = await serve({
      config,
      ports,
      logger,
      onCrash: (error) => {
        logger.fatal(`the daemon cannot go on: ${error.message}`);
        end(1);
      },
    });
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => end(0));
    process.on('SIGHUP', () => void serving.daemon.rules?.reload());
    serving.started.catch((error) => {
      cli.terminal.err(`${messageOf(error)}\n`);
      end(serving.daemon.rules === null ? 2 : 1);
    });
    const code = await ended;
    await serving.stop();
    logger.info('stopped');
    cli.exit(code);
  });
}
