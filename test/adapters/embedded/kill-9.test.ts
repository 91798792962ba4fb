import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEnv } from '../../../src/adapters/embedded/env.ts';
import { EmbeddedEventLog } from '../../../src/adapters/embedded/event-log.ts';
import { DEFAULT_TOPICS } from '../../../src/daemon/config/config.ts';
import { isSentinelError } from '../../../src/domain/errors.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sentinel-kill9-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const open = () =>
  new EmbeddedEventLog({ env: openEnv(dir), topics: DEFAULT_TOPICS, clock: { now: () => Date.now() } });

/** Runs the appending process and kills it after so many acknowledged appends. @returns the last acknowledged offset. */
async function killedAfter(appends: number): Promise<number> {
  const script = new URL('append-loop.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import', 'tsx', script, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  let last = -1;
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    if (++seen === appends) child.kill('SIGKILL');
  }
  return last;
}

describe('the embedded log survives kill -9', () => {
  it('everything that was acknowledged is there, in order, under the same identity, and appending goes on', async () => {
    const before = open();
    const identity = await before.identity();
    await before.close();
    for (const appends of [1, 40]) {
      const last = await killedAfter(appends);
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

describe('a folder that cannot be used', () => {
  it('is one clear sentence that names it and the setting', () => {
    const file = join(dir, 'a-file');
    writeFileSync(file, '');
    try {
      openEnv(join(file, 'below'));
      expect.unreachable();
    } catch (error) {
      expect(isSentinelError(error) && error.message).toMatch(/a-file\/below cannot be used .*SENTINEL_DIR/);
    }
  });
});
