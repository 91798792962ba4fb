import type { SaslLogin } from '../../domain/kafka-settings.ts';
import type { Mode } from '../../domain/mode.ts';
import type { Topics } from '../../ports/event-log.ts';
import type { AutomationLimits, Bound } from '../../responder/settings.ts';

/** The whole configuration, every default filled in (contract 2). Durations are ms, unless a name says otherwise. */
export interface Config {
  /** null: the embedded log. */
  readonly kafka: KafkaConfig | null;
  /** null: the embedded store. */
  readonly redis: RedisConfig | null;
  readonly embedded: { readonly dir: string };
  readonly topics: Topics;
  readonly partitionedBy: 'tenant' | 'session';
  readonly format: 'json' | 'cloudevents';
  readonly killSwitch: KillSwitchConfig;
  readonly tools: { readonly write: readonly string[]; readonly read: readonly string[] };
  readonly rules: { readonly dir: string };
  readonly responder: ResponderConfig;
  readonly sessionEndsAfterMs: number;
  readonly http: { readonly host: string; readonly port: number };
  readonly log: { readonly level: LogLevel };
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface KafkaConfig {
  readonly brokers: readonly string[];
  readonly groupId: string;
  /** false: plain text. true: the system's authorities. Paths of PEM files otherwise. */
  readonly ssl:
    | boolean
    | { readonly ca?: string | undefined; readonly cert?: string | undefined; readonly key?: string | undefined };
  readonly sasl: SaslLogin | null;
}

export interface RedisConfig {
  readonly url: string;
  readonly keyPrefix: string;
}

export interface KillSwitchConfig {
  readonly globalFlag: string;
  readonly perTenantFlagPrefix: string;
  readonly perSessionFlagPrefix: string;
  readonly disabledToolsKey: string;
  readonly modeWhenEnabled: Mode;
  readonly cacheTtlS: number;
}

export interface ResponderConfig {
  readonly simulate: boolean;
  readonly staleAfterMs: number;
  readonly limits: AutomationLimits;
  readonly onLimit: 'escalate' | 'hold';
}

const MINUTE = 60_000;
const bound = (max: number, perMs: number): Bound => ({ max, perMs });

export const DEFAULT_TOPICS: Topics = {
  events: 'agent.tool-calls',
  audit: 'agent.audit',
  kill_state: 'agent.kill-state',
  dead_letter: 'agent.tool-calls.dead-letter',
};

/** What holds where nothing is said: the embedded default. */
export const DEFAULT_CONFIG: Config = {
  kafka: null,
  redis: null,
  embedded: { dir: '.sentinel' },
  topics: DEFAULT_TOPICS,
  partitionedBy: 'tenant',
  format: 'json',
  killSwitch: {
    globalFlag: 'agent_kill_global',
    perTenantFlagPrefix: 'agent_kill_tenant:',
    perSessionFlagPrefix: 'agent_kill_session:',
    disabledToolsKey: 'agent_disabled_tools',
    modeWhenEnabled: 'disable_writes',
    cacheTtlS: 2,
  },
  tools: {
    write: ['email.send', 'db.write', 'ticket.*'],
    read: ['*.read', '*.get', '*.list', '*.search'],
  },
  rules: { dir: 'rules' },
  responder: {
    simulate: false,
    staleAfterMs: 5 * MINUTE,
    limits: {
      sessionKills: bound(20, MINUTE),
      timeouts: bound(200, MINUTE),
      tenantFlips: bound(3, 10 * MINUTE),
      shareOfActiveSessions: { ...bound(0.1, 10 * MINUTE), atLeast: 5 },
    },
    onLimit: 'escalate',
  },
  sessionEndsAfterMs: 30 * MINUTE,
  http: { host: '127.0.0.1', port: 7070 },
  log: { level: 'info' },
};
