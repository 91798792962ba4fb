import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEmbeddedEventLog } from '../../../src/adapters/embedded/event-log.ts';
import { openEmbeddedKillStore } from '../../../src/adapters/embedded/kill-store.ts';
import { DEFAULT_TOPICS } from '../../../src/daemon/config/config.ts';
import { byOperator, SENTINEL, session, verdictOf } from '../../conformance/kill-store/harness.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sentinel-kill9-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const open = () => openEmbeddedEventLog({ dir, topics: DEFAULT_TOPICS, clock: { now: () => Date.now() } });

/** Runs the script and kills it after so many lines, each of them something acknowledged. @returns the last line. */
async function killedAfter(lines: number, script: string): Promise<number> {
  const child = spawn(process.execPath, ['--import', 'tsx', new URL(script, import.meta.url).pathname, dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let last = -1;
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    if (++seen === lines) child.kill('SIGKILL');
  }
  return last;
}

describe('the embedded log survives kill -9', () => {
  it('everything that was acknowledged is there, in order, under the same identity, and appending goes on', async () => {
    const before = open();
    const identity = await before.identity();
    await before.close();
    for (const appends of [1, 40]) {
      const last = await killedAfter(appends, 'append-loop.ts');
      const log = open();
      const offsets: number[] = [];
      await log.readAll(DEFAULT_TOPICS.events, ({ offset }) => offsets.push(offset));
      expect(offsets.length).toBeGreaterThan(last);
      expect(offsets).toEqual(Array.from(offsets, (_, index) => index));
      expect(await log.identity()).toBe(identity);
      const [next] = await log.append(DEFAULT_TOPICS.events, [{ key: 'k', value: 'after' }]);
      expect(next?.offset).toBe(offsets.length);
      await log.close();
    }
  }, 30_000);
});

describe('the embedded kill store survives kill -9', () => {
  it('every acknowledged kill stands, each with its flag, version and outbox entry, and killing goes on', async () => {
    const last = await killedAfter(40, 'trip-loop.ts');
    const store = openEmbeddedKillStore({ dir, clock: { now: () => Date.now() } });
    const { states } = await store.page(0, 10_000);
    expect(states.length).toBeGreaterThan(last);
    expect(states.map(({ scope }) => scope)).toEqual(Array.from(states, (_, index) => `session:acme:s${index}`));
    expect((await store.entries(null, 10_000)).map(({ note }) => note.state)).toEqual(states.map(({ state }) => state));
    expect(await store.adoptAll(SENTINEL)).toEqual([]);
    expect(verdictOf(await store.trip(byOperator(session('acme', 'after'), { decisionId: 'after' })))).toBe('applied');
    await store.close();
  }, 30_000);
});
