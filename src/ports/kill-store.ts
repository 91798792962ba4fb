import type { AuditFacts, AuditType, ChainLink } from '../domain/audit-record.ts';
import type { SuppressionCode } from '../domain/decision.ts';
import type { Actor, BriefEvidence, KillState, ScopedState } from '../domain/kill-state.ts';
import type { LimitSpend } from '../domain/limit-spend.ts';
import type { InFlight, Mode, ModeText } from '../domain/mode.ts';
import type { Scope } from '../domain/scope.ts';

/**
 * Where kill state stands (contract 5). Every change is one atomic step that writes flag, index, order, version,
 * outbox entry and limits together, and first adopts what was set by hand in the scopes that it touches.
 * The Redis and the embedded store are held equal by test/conformance/kill-store.ts.
 *
 * A store that is not there makes every method reject with a retryable `store_unavailable`.
 */
export interface KillStore extends KillReader, KillChanger, Outbox, Fleet {
  /** Where it stands, for people: `redis://127.0.0.1:6379/2 (keys mine:…)` (no password), `embedded .sentinel`. */
  readonly place: string;
  close(): Promise<void>;
}

/** The reading side: what a guard needs. Costs grow with what is asked for, not with what was ever killed. */
export interface KillReader {
  /** The store's clock, epoch ms: Redis TIME. */
  time(): Promise<number>;
  /** null: the store is not initialised. */
  epoch(): Promise<string | null>;
  config(): Promise<PublishedConfig | null>;
  /** Index states of scopes, and what their flags say where that differs (set by hand, not adopted yet). */
  read(scopes: readonly Scope[]): Promise<readonly ScopeReading[]>;
  /** Which of these scopes (texts), that had a state, have none any more that can be read: it was lost, nobody lifted anything. */
  forgotten(scopes: readonly string[]): Promise<readonly string[]>;
  /** States with a version greater than that, by version, at most `limit`. */
  changesSince(version: number, limit: number): Promise<readonly ScopedState[]>;
  /** One round trip for a poll: epoch, version, what is newer, and the flags of the given scopes plus all tool sets of the given tenants. */
  poll(request: PollRequest): Promise<PollAnswer>;
  /** All tools that are disabled by the index: for everybody, and for these tenants. */
  disabledTools(tenants: readonly string[]): Promise<readonly ScopeReading[]>;
  /** All tenants that are tripped by the index, in no order: who may start runs has to know them without asking. */
  trippedTenants(): Promise<readonly ScopeReading[]>;
  /** All states in the index, in pages by version (0 to start; null when there are no more). */
  page(
    afterVersion: number,
    limit: number,
  ): Promise<{ readonly states: readonly ScopedState[]; readonly next: number | null }>;
  /** Calls back on every published change, and with null when changes may have been missed (reconnect): then poll. */
  subscribe(listener: (change: ScopedState | null) => void): Promise<() => Promise<void>>;
  /** Tenant → parent session of a session id, as guards registered it; empty where it has no parent. */
  sessionParents(session: string): Promise<ReadonlyMap<string, string>>;
  /** Tenants whose sessions were registered within 30 days, the latest first, at most `limit` (from 1): to tell a name from a typo. */
  knownTenants(limit: number): Promise<readonly string[]>;
}

export interface ScopeReading {
  readonly scope: Scope;
  /** The index's state; null when the scope was never changed. */
  readonly state: KillState | null;
  /** What the flag itself says now, where it is not what the index says: obey the stricter of both, then adopt. */
  readonly byHand: ModeText | null;
  /** The store has lost the state: `byHand` is what the scope denies until it is back, and nobody may make a state of that. */
  readonly forgotten: boolean;
}

export interface PollRequest {
  readonly sinceVersion: number;
  readonly tenants: readonly string[];
  readonly sessions: readonly { readonly tenant: string; readonly session: string }[];
}

export interface PollAnswer {
  readonly epoch: string | null;
  readonly version: number;
  readonly changes: readonly ScopedState[];
  /** True when there were more changes than one answer takes: poll again. */
  readonly more: boolean;
  /** Scopes whose flag differs from their index state, with what the flag says. */
  readonly byHand: readonly { readonly scope: Scope; readonly mode: ModeText }[];
  /** Scopes whose state the store has lost, with what they deny until it is back. */
  readonly forgotten: readonly { readonly scope: Scope; readonly mode: ModeText }[];
  /** Tripped by index but the flag is gone (lost or deleted by hand), or a tenant that `trippedTenants` lost: still tripped; to be re-asserted by `adopt`. */
  readonly lost: readonly Scope[];
}

export interface KillChanger {
  trip(request: TripRequest): Promise<ChangeOutcome>;
  clear(request: ClearRequest): Promise<ChangeOutcome>;
  /** Makes flags and index agree in these scopes: what was set by hand becomes a versioned, audited change; what was lost is set again. */
  adopt(scopes: readonly Scope[], actor: Actor): Promise<readonly ScopedState[]>;
  /** Finds flags that no index entry knows of (scan, in bounded steps) and adopts them. */
  adoptAll(actor: Actor): Promise<readonly ScopedState[]>;
  /** Clears switches whose `expires_at` both clocks have passed; `now` is the caller's clock. Leaves a fence. */
  expire(now: number, actor: Actor): Promise<readonly ScopedState[]>;
  /** A terminated session's calls are still being blocked: its kill lasts 7 days from now, renewed at most once a day. */
  renew(scope: Scope, actor: Actor): Promise<ChangeOutcome>;
  /**
   * Puts states known elsewhere (a guard's memory, the topic) back where the store has older ones or none; where it lost one,
   * only that very one. Never goes down.
   */
  reassert(states: readonly ScopedState[], actor: Actor): Promise<readonly ScopedState[]>;
  /** Removes cleared entries older than 7 days from the index. @returns their scopes (a tombstone is due in kill-state). */
  sweep(limit: number): Promise<readonly string[]>;
  /**
   * Completes a new or wiped store: takes in these states and those that wait in the outbox (greatest version of a scope
   * wins), and limits that hold, then writes a new epoch, last.
   */
  initialise(states: readonly ScopedState[], actor: Actor, limits?: readonly TrippedLimit[]): Promise<string>;
  publishConfig(config: PublishedConfig): Promise<void>;
  registerSession(tenant: string, session: string, parent: string | null): Promise<void>;
  /** Re-arms after a limit held everything; all when null. @returns the names that were tripped. */
  rearm(name: string | null, actor: Actor): Promise<readonly string[]>;
  trippedLimits(): Promise<readonly TrippedLimit[]>;
  /** What simulated rules would have done stands under shadow keys; this reads it. */
  shadowStates(limit: number): Promise<readonly ScopedState[]>;
}

export interface TripRequest {
  readonly scope: Scope;
  /** null for tools. */
  readonly mode: Mode | null;
  readonly reason: string;
  readonly actor: Actor;
  readonly decisionId: string;
  readonly rule: string | null;
  readonly evidence: BriefEvidence | null;
  /** From the store's now; null: no expiry (sessions: 7 days, whatever is said). */
  readonly ttlMs: number | null;
  readonly inFlight: InFlight | null;
  /** Operators only: sets exactly this mode and expiry, downwards too. */
  readonly replace?: boolean;
  /** Automation only: what fences, age and limits are judged by. Operators are exempt. */
  readonly automation?: Automation;
  /** Writes to shadow keys only. */
  readonly simulate?: boolean;
  /** The newest version that the caller knows; the new one is greater. */
  readonly knownVersion?: number;
  /** What the change's audit record says beyond the state itself. */
  readonly audit: TripAudit;
}

export interface Automation {
  /** Append time of the newest contributing record, ms. At or before the scope's fence: refused. Older than 7 days: refused. */
  readonly evidenceAppendedAt: number;
  readonly limits: readonly LimitSpend[];
  /**
   * Where a limit that concerns one tenant is spent: trip that tenant with `disable_writes` for `ttlMs` instead, in the same
   * step and under the same decision id, spending these. null: hold.
   */
  readonly escalation: {
    readonly ttlMs: number;
    readonly reason: string;
    readonly limits: readonly LimitSpend[];
  } | null;
}

export interface TripAudit {
  readonly severity: AuditFacts['severity'];
  readonly action: string;
  readonly rule: AuditFacts['rule'];
  readonly evidence: AuditFacts['evidence'];
  readonly timing: {
    readonly event_ts: number | null;
    readonly appended_at: number | null;
    readonly decided_at: number | null;
  } | null;
}

export interface ClearRequest {
  readonly scope: Scope;
  readonly reason: string;
  readonly actor: Actor;
  readonly decisionId: string;
  /** Automation keeps off the scope for that long from now; null: no hold. */
  readonly holdMs: number | null;
  readonly knownVersion?: number;
}

export type ChangeOutcome =
  | {
      readonly status: 'applied';
      readonly scope: Scope;
      readonly state: KillState;
      readonly before: KillState | null;
      readonly outboxId: string;
      readonly escalated: boolean;
    }
  /** The decision id was applied before. */
  | { readonly status: 'repeated'; readonly state: KillState | null }
  /** Nothing to change: already as strict and as long (trip), or not tripped (clear). */
  | { readonly status: 'unchanged'; readonly state: KillState | null }
  | { readonly status: 'simulated'; readonly state: KillState }
  | { readonly status: 'refused'; readonly code: SuppressionCode; readonly detail: string };

export interface TrippedLimit {
  readonly name: string;
  readonly at: number;
  readonly detail: string;
}

/** What all guards must agree on (`agent_kill_config`). */
export interface PublishedConfig {
  readonly tools: { readonly write: readonly string[]; readonly read: readonly string[] };
  readonly names: {
    readonly global_flag: string;
    readonly per_tenant_flag_prefix: string;
    readonly per_session_flag_prefix: string;
    readonly disabled_tools_key: string;
  };
  readonly mode_when_enabled: Mode;
  readonly cache_ttl_s: number;
}

/** Audit records of changes on their way to Kafka. One relay at a time publishes, in order, and trims what is acknowledged. */
export interface Outbox {
  /** Takes or renews the relay's lease; false while another holds it. */
  lease(owner: string, ttlMs: number): Promise<boolean>;
  release(owner: string): Promise<void>;
  /** Entries after that id (null: from the oldest), oldest first. */
  entries(after: string | null, limit: number): Promise<readonly OutboxEntry[]>;
  /** Remembers how an entry was chained, before it is sent: a successor sends identical bytes. */
  rememberChain(owner: string, entryId: string, link: ChainLink): Promise<void>;
  /** The newest chained entries that are not acknowledged, and the last link of all. */
  chainState(): Promise<{ readonly last: ChainLink | null; readonly pending: ReadonlyMap<string, ChainLink> }>;
  /** Kafka has everything up to this entry: trims, and tells waiters. */
  acknowledge(owner: string, entryId: string): Promise<void>;
  acknowledged(): Promise<string | null>;
  pendingCount(): Promise<number>;
}

export interface OutboxEntry {
  readonly id: string;
  /** The id of the entry before it, so that a gap shows; null for the first of a store. */
  readonly previous: string | null;
  readonly note: ChangeNote;
}

/** What a change's audit record and its kill-state message are made from, by the relay (scripts have no SHA-256). */
export interface ChangeNote {
  readonly type: AuditType;
  /** Scope text. */
  readonly scope: string;
  /** The decision id; of limits their name. */
  readonly subject: string;
  readonly before: ModeText | null;
  /** The new state, for `agent.kill-state`; null where the entry changes none (`limit.reached`). */
  readonly state: KillState | null;
  /** What the caller wanted the record to say; null for adoptions, expiries and the like. */
  readonly audit: TripAudit | null;
  /** Store time of the change, ms. */
  readonly at: number;
  /** Words for entries without a state. */
  readonly detail: string | null;
  /** Of a limit: true when it holds from here on, false when it was re-armed; null for all else. */
  readonly holds: boolean | null;
}

/** Guards and the sizes of partitions. */
export interface Fleet {
  /** What a guard enforces now. Fresh means that this resolved. */
  acknowledgeGuard(report: GuardReport): Promise<void>;
  forgetGuard(id: string): Promise<void>;
  guards(): Promise<readonly GuardReport[]>;
  putActiveSessions(partition: number, active: number): Promise<void>;
}

export interface GuardReport {
  readonly id: string;
  readonly version: number;
  readonly epoch: string | null;
  readonly in_flight: number;
  /** The store's time of the report, ms; set by the store. */
  readonly at: number;
}
