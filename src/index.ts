/**
 * agent-sentinel for embedding: the rules, the engine, the responder and the daemon. The guard has an entry of its own, `agent-sentinel/guard`.
 */

export { verifyChains } from './audit/verify.ts';
export { type Config, DEFAULT_CONFIG } from './daemon/config/config.ts';
export { type ConfigSources, loadConfig } from './daemon/config/load.ts';
export { openPorts } from './daemon/open-ports.ts';
export { type Ports, rehearsalSettings } from './daemon/parts.ts';
export { type ServeOptions, type Serving, serve } from './daemon/serve.ts';
export { type Alert, episodeText, type FiringAlert, type ResolvedAlert } from './domain/alert.ts';
export type { AuditFacts, AuditRecord, AuditType } from './domain/audit-record.ts';
export { isRetryable, isSentinelError, SentinelError } from './domain/errors.ts';
export { createDecoder, type Decoder } from './domain/event/decode.ts';
export { SymbolTables } from './domain/event/symbol-tables.ts';
export type { CompiledRuleSet, Rule, RuleSet } from './domain/rule.ts';
export { parseScope, type Scope, scopeText } from './domain/scope.ts';
export { Engine, type EngineOptions } from './engine/index.ts';
export type { CheckpointStore } from './ports/checkpoint-store.ts';
export type { Clock } from './ports/clock.ts';
export type { EventLog } from './ports/event-log.ts';
export type { KillStore } from './ports/kill-store.ts';
export { type BacktestOptions, type BacktestResult, backtest } from './rehearsal/index.ts';
export { Responder } from './responder/responder.ts';
export { compileRules } from './rules/compile.ts';
export { loadRules } from './rules/load.ts';
export { parseRules } from './rules/parse.ts';
export { type Problem, problemText } from './rules/problem.ts';
