import type { CheckpointStore } from '../ports/checkpoint-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { KillStore, PublishedConfig } from '../ports/kill-store.ts';
import type { RehearsalSettings } from '../rehearsal/index.ts';
import type { ResponderSettings } from '../responder/settings.ts';
import type { Config } from './config/config.ts';

/** The outside world, as the daemon is given it. */
export interface Ports {
  readonly log: EventLog;
  readonly store: KillStore;
  readonly checkpoints: CheckpointStore;
  readonly clock: Clock;
}

export async function closePorts({ log, checkpoints, store }: Ports): Promise<void> {
  await Promise.all([log.close(), checkpoints.close(), store.close()]);
}

/** What guards must agree on, from the configuration. */
export function publishedConfig({ tools, killSwitch }: Config): PublishedConfig {
  return {
    tools,
    names: {
      global_flag: killSwitch.globalFlag,
      per_tenant_flag_prefix: killSwitch.perTenantFlagPrefix,
      per_session_flag_prefix: killSwitch.perSessionFlagPrefix,
      disabled_tools_key: killSwitch.disabledToolsKey,
    },
    mode_when_enabled: killSwitch.modeWhenEnabled,
    cache_ttl_s: killSwitch.cacheTtlS,
  };
}

export function responderSettings(config: Config, log: string): ResponderSettings {
  const { simulate, staleAfterMs, limits, onLimit } = config.responder;
  return { log, simulate, staleAfterMs, limits, onLimit, modeWhenEnabled: config.killSwitch.modeWhenEnabled };
}

/** What a backtest needs to judge as this configuration's daemon does. `log`: identity of the log, part of decision ids. */
export function rehearsalSettings(config: Config, log: string, format = config.format): RehearsalSettings {
  const { topics, tools, sessionEndsAfterMs } = config;
  return { topic: topics.events, format, tools, sessionEndsAfterMs, responder: responderSettings(config, log) };
}
