/** The example of the contract, as printed there: what its readers type must be what we take. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { DEFAULT_CONFIG } from '../../src/daemon/config/config.ts';
import { checkConfig } from '../../src/daemon/config/load.ts';
import { problemText } from '../../src/rules/problem.ts';

const EXAMPLE = `kafka:
  brokers: [127.0.0.1:9092]   # KAFKA_BROKERS
  group_id: sentinel
  ssl: false                  # or {ca, cert, key}; sasl: {mechanism, username, password}
  # topics that do not exist are created, events with LogAppendTime
  topics: {events: agent.tool-calls, audit: agent.audit, kill_state: agent.kill-state, dead_letter: agent.tool-calls.dead-letter}
  partitioned_by: tenant      # tenant | session: what the producers key by; a contradiction is detected and reported
  format: json                # json | cloudevents | otlp_json
redis: {url: redis://127.0.0.1:6379, key_prefix: ""}   # REDIS_URL; rediss://, Sentinel; Cluster where key_prefix is a hash tag
embedded: {dir: .sentinel}    # SENTINEL_DIR; durable across restarts
kill_switch:
  global_flag: agent_kill_global
  per_tenant_flag_prefix: "agent_kill_tenant:"
  per_session_flag_prefix: "agent_kill_session:"
  disabled_tools_key: agent_disabled_tools
  mode_when_enabled: disable_writes
  cache_ttl_s: 2
tools:                        # published for guards too; write wins over read and over the event's own kind, an unlisted tool is a write
  write: ["email.send", "db.write", "ticket.*"]
  read: ["*.read", "*.get", "*.list", "*.search"]
rules: {dir: rules}           # SENTINEL_RULES; reloads on a change in the folder and on SIGHUP
responder:
  simulate: false             # SENTINEL_SIMULATE
  stale_after: 5m             # a decision waits while wall clock − its partition's horizon is more; then acts if it still holds
  limits:                     # operators are exempt; what changes nothing spends nothing
    session_kills: {max: 20, per: 1m}     # of one tenant
    timeouts: {max: 200, per: 1m}         # of one tenant: budgets, session_age, session_idle
    tenant_flips: {max: 3, per: 10m}      # tenants, all together
    share_of_active_sessions: {max: 0.1, per: 10m, at_least: 5}   # all together: at most max(at_least, max × active in the last 10m);
                                          # a tenant's first 3 kills per 10m pass it
  on_limit: escalate          # of one tenant: disable its writes for 30m instead of killing its next session (spends tenant_flips,
                              # where that is spent: hold) | hold
                              # all together: always hold and page, until re-armed
session_ends_after: 30m       # without an event; or at session_end. Rules stop, state is freed; a kill stays
http: {host: 127.0.0.1, port: 7070, tokens: []}   # SENTINEL_HTTP_PORT; tokens: {name, role, tenant?, sha256}; none: loopback only
log: {level: info}            # pino, JSON on stdout
`;

function check(text: string) {
  const dir = mkdtempSync(join(tmpdir(), 'sentinel-config-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'sentinel.yaml');
  writeFileSync(file, text);
  const result = checkConfig({ file, env: {} });
  if (result.status === 'valid') return result.config;
  return result.problems.map((problem) => problemText({ ...problem, file: 'sentinel.yaml' }));
}

it("the contract's own file is accepted as printed, and says nothing but defaults", () => {
  expect(check(EXAMPLE)).toEqual({
    ...DEFAULT_CONFIG,
    kafka: { brokers: ['127.0.0.1:9092'], groupId: 'sentinel', ssl: false, sasl: null },
    redis: { url: 'redis://127.0.0.1:6379', keyPrefix: '' },
  });
});

const changed = (from: string, to: string) => {
  expect(EXAMPLE).toContain(from);
  return check(EXAMPLE.replace(from, to));
};

it.each([
  ['partitioned_by: tenant', 'partitioned_by: session'],
  ['format: json', 'format: cloudevents'],
  ['ssl: false', 'ssl: {ca: ca.pem, cert: us.pem, key: us.key}'],
  ['ssl: false', 'ssl: true\n  sasl: {mechanism: plain, username: u, password: p}'],
  ['redis://127.0.0.1:6379', 'rediss://127.0.0.1:6379'],
  ['on_limit: escalate', 'on_limit: hold'],
  ['mode_when_enabled: disable_writes', 'mode_when_enabled: stop_new_runs'],
])('what its comments offer instead is taken too: %s → %s', (from, to) => {
  expect(changed(from, to)).toMatchObject({ partitionedBy: expect.any(String) });
});

it.each([
  [
    'format: json',
    'format: otlp_json',
    /^sentinel\.yaml:8:11: kafka\.format is "otlp_json", which this version does not have, expected json or cloudevents$/,
  ],
  [
    'tokens: []',
    'tokens: [{name: ann, role: operator, sha256: ab12}]',
    /^sentinel\.yaml:\d+:46: http\.tokens asks for a token, which this version does not have, expected \[\]$/,
  ],
  [
    'host: 127.0.0.1',
    'host: 0.0.0.0',
    /^sentinel\.yaml:\d+:14: http\.host is "0\.0\.0\.0", expected a loopback address such as 127\.0\.0\.1: this version has no tokens$/,
  ],
])('what it asks for and we have not yet is one sentence with its place: %s → %s', (from, to, sentence) => {
  expect(changed(from, to)).toEqual([expect.stringMatching(sentence)]);
});
