import type { Command } from 'commander';
import type { Config } from '../daemon/config/config.ts';
import { type ConfigSources, loadConfig } from '../daemon/config/load.ts';
import type { Cli } from './cli.ts';

/** Options that set configuration; all of them optional. */
export interface ConfigOptions {
  readonly config?: string;
  readonly rules?: string;
  readonly port?: string;
  readonly simulate?: boolean;
  readonly dir?: string;
  readonly kafkaBrokers?: string;
  readonly redisUrl?: string;
}

/** Where the store and the log are: the same options on every command that needs them. */
export function addConfigOptions(command: Command): Command {
  return command
    .option('--config <file>', 'configuration file (default: sentinel.yaml, where it exists)')
    .option('--kafka-brokers <list>', 'host:port,… (KAFKA_BROKERS)')
    .option('--redis-url <url>', 'redis://… (REDIS_URL)')
    .option('--dir <folder>', 'folder of the embedded log and store (SENTINEL_DIR; default: .sentinel)')
    .option('--rules <folder>', 'folder of rules (SENTINEL_RULES; default: rules)');
}

/** @throws SentinelError `config_invalid` with every problem. */
export function configOf(cli: Cli, options: ConfigOptions): Config {
  return loadConfig(configSources(cli, options));
}

/** Of who starts the daemon, or asks whether it would start. @throws SentinelError `config_invalid` with every problem. */
export function daemonConfigOf(cli: Cli, options: ConfigOptions): Config {
  return loadConfig({ ...configSources(cli, options), withFiles: true });
}

export function configSources(cli: Cli, options: ConfigOptions): ConfigSources {
  return {
    file: options.config,
    env: cli.terminal.env,
    flags: [
      { flag: '--kafka-brokers', path: 'kafka.brokers', text: options.kafkaBrokers },
      { flag: '--redis-url', path: 'redis.url', text: options.redisUrl },
      { flag: '--dir', path: 'embedded.dir', text: options.dir },
      { flag: '--rules', path: 'rules.dir', text: options.rules },
      { flag: '--port', path: 'http.port', text: options.port },
      { flag: '--simulate', path: 'responder.simulate', text: options.simulate === true ? 'true' : undefined },
    ],
  };
}
