import { type Command, Option } from 'commander';
import { type InFlight, MODES, type Mode } from '../domain/mode.ts';
import { addConfigOptions, type ConfigOptions } from './config-options.ts';
import { durationOption, textOption } from './options.ts';

/** What every command that changes the kill state takes. */
export interface ChangeOptions extends ConfigOptions {
  readonly reason?: string;
  readonly as?: string;
  readonly yes?: boolean;
  readonly tenant?: string;
}

export interface StopOptions extends ChangeOptions {
  readonly mode?: Mode;
  /** ms */
  readonly ttl?: number;
  readonly inFlight?: InFlight;
  readonly replace?: boolean;
}

export interface LiftOptions extends ChangeOptions {
  /** ms */
  readonly hold?: number;
}

export function addStopOptions(command: Command): Command {
  return addChangeOptions(command)
    .option('--reason <text>', 'why, for whoever reads the audit', textOption)
    .option('--ttl <duration>', 'ends by itself after, e.g. 30m', durationOption)
    .addOption(
      new Option('--in-flight <what>', 'calls under way (default: stop_all cancels)').choices(['finish', 'cancel']),
    )
    .option('--replace', 'set exactly this, downwards and shorter too');
}

export function addModeOption(command: Command): Command {
  return command.addOption(
    new Option('--mode <mode>', 'of a tenant or global switch (default: mode_when_enabled)').choices([...MODES]),
  );
}

export function addLiftOptions(command: Command): Command {
  return addChangeOptions(command)
    .requiredOption('--reason <text>', 'why, for whoever reads the audit', textOption)
    .option('--hold <duration>', 'automation keeps off the scope for, e.g. 30m', durationOption);
}

function addChangeOptions(command: Command): Command {
  return addConfigOptions(command)
    .option('--tenant <id>', 'the tenant of a session or a tool', textOption)
    .option('--as <name>', 'who acts (default: user@host)', textOption)
    .option('--yes', 'do not ask about a scope that the store does not know');
}
