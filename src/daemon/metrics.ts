import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Everything that `/metrics` tells (contract 9). Label values are bounded: never a session or tenant id. */
export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter({ name, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge({ name, help, labelNames, registers });
  return {
    registry,
    eventsProcessed: counter('sentinel_events_processed_total', 'Events taken in'),
    eventsRejected: counter('sentinel_events_rejected_total', 'Records that are no event, dead-lettered', ['reason']),
    eventsLate: counter('sentinel_events_late_total', 'Events older than a window that they would feed'),
    eventsRepeated: counter('sentinel_events_repeated_total', 'Events whose event_id was seen before'),
    overflow: counter('sentinel_overflow_total', 'Events not measured because a cardinality limit was reached'),
    consumerLag: gauge('sentinel_consumer_lag', 'Records not read yet', ['partition']),
    alerts: counter('sentinel_alerts_total', 'Alerts that fired', ['rule', 'severity']),
    actions: counter('sentinel_actions_total', 'Decisions, by what became of them', ['action', 'outcome']),
    detectionLatency: new Histogram({
      name: 'sentinel_detection_latency_seconds',
      help: 'From the append of the deciding event to the applied kill',
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60],
      registers,
    }),
    leakedCalls: counter('sentinel_leaked_calls_total', 'Calls that ran after their kill should have held'),
    activeSessions: gauge('sentinel_active_sessions', 'Sessions with an event in the last 10 minutes'),
    stateBytes: gauge('sentinel_state_bytes', 'Size of the newest checkpoint, all partitions'),
    rulesLoaded: gauge('sentinel_rules_loaded', 'Rules in force'),
    rulesRejected: gauge('sentinel_rules_rejected', '1 while the rules folder holds a set that was refused'),
    auditPending: gauge('sentinel_audit_pending', 'Audit records not acknowledged by the log yet'),
    guards: gauge('sentinel_guards', 'Guards by whether they enforce the newest version', ['state']),
    gaps: counter('sentinel_log_gap_records_total', 'Records that the log had dropped before they were read'),
  };
}
