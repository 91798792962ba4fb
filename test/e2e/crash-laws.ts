import { expect } from 'vitest';
import { verifyChains } from '../../src/audit/verify.ts';
import type { AuditRecord } from '../../src/domain/audit-record.ts';
import type { OutMessage } from '../../src/ports/event-log.ts';
import { until } from '../services/poll.ts';
import { type DaemonProcess, startDaemon } from './daemon-process.ts';
import type { Setting } from './setting.ts';

export const CRASH_RULES = `
groups:
  - name: crash
    rules:
      - alert: Burst
        type: event_count
        match: {kind: write}
        window: 10m
        condition: {gt: 30}
        severity: critical
`;

const TENANTS = 10;

export interface Planting {
  readonly events: number;
  readonly incidents: number;
  /** After how many decisions the daemon is killed, again and again. */
  readonly kills: readonly number[];
}

/** Ordinary sessions of a few writes, and sessions that write 40 times, spread over the whole stream. */
function stream(now: number, { events, incidents }: Planting): { messages: OutMessage[]; planted: Set<string> } {
  const messages: OutMessage[] = [];
  const planted = new Set<string>();
  const every = Math.floor(events / incidents);
  const push = (tenant: string, session: string, id: string) =>
    messages.push({
      key: tenant,
      value: JSON.stringify({
        event_id: id,
        ts: now,
        tenant_id: tenant,
        session_id: session,
        tool: 'db.write',
        kind: 'write',
        args: { row: id },
      }),
    });
  for (let n = 0; n < events; n++) {
    push(`t${n % TENANTS}`, `s${Math.floor(n / 50)}`, `e${n}`);
    if (n % every !== every - 1) continue;
    const tenant = `t${planted.size % TENANTS}`;
    const session = `bad${planted.size}`;
    planted.add(`session:${tenant}:${session}`);
    for (let i = 0; i < 40; i++) push(tenant, session, `${session}-${i}`);
  }
  return { messages, planted };
}

async function produce({ log, topics }: Setting, messages: readonly OutMessage[]): Promise<void> {
  for (let at = 0; at < messages.length; at += 500) await log.append(topics.events, messages.slice(at, at + 500));
}

async function terminated({ store }: Setting): Promise<Set<string>> {
  const { states } = await store.page(0, 10_000);
  return new Set(states.filter(({ state }) => state.mode === 'stop_all').map(({ scope }) => scope));
}

/** Records that have the same id and differ in more than their place in a chain. */
function differing(records: readonly AuditRecord[]): string[] {
  const byId = new Map<string, string>();
  return records.flatMap(({ chain: _, ...facts }) => {
    const bytes = JSON.stringify(facts);
    const known = byId.get(facts.id);
    byId.set(facts.id, bytes);
    return known === undefined || known === bytes ? [] : [`${known}\n${bytes}`];
  });
}

/** Kill -9 in the middle of a drain, and again: every planted incident is decided once, one record per id, the state right. */
export async function survivesCrashes(setting: Setting, planting: Planting): Promise<void> {
  const { incidents, kills } = planting;
  let daemon: DaemonProcess | null = null;
  try {
    const { messages, planted } = stream(Date.now(), planting);
    await produce(setting, messages);
    for (const decided of kills) {
      daemon = await startDaemon(['--config', setting.config]);
      expect(await until(async () => (await terminated(setting)).size >= decided, 60_000, 2)).toBe(true);
      await daemon.kill();
    }
    daemon = await startDaemon(['--config', setting.config]);
    expect(await until(async () => (await terminated(setting)).size >= incidents, 60_000)).toBe(true);
    expect(await until(async () => (await setting.store.pendingCount()) === 0, 30_000)).toBe(true);
    expect(await daemon.stop()).toBe(0);

    expect(await terminated(setting)).toEqual(planted);
    const records = await setting.audit();
    expect(differing(records)).toEqual([]);
    expect(verifyChains(records).filter(({ fault }) => fault !== 'missing')).toEqual([]);
    const killed = new Map(records.filter(({ type }) => type === 'session.terminated').map((one) => [one.id, one]));
    expect([...killed.values()].map((one) => `session:${one.tenant_id}:${one.session_id}`).sort()).toEqual(
      [...planted].sort(),
    );
    expect(new Set([...killed.values()].map((one) => one.decision_id)).size).toBe(incidents);
    const alerts = new Set(records.filter(({ type }) => type === 'alert.firing').map(({ id }) => id));
    expect(alerts.size).toBe(incidents);
  } finally {
    await daemon?.kill();
    await setting.dispose();
  }
}
