import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { ReadinessBoard } from '../../src/daemon/readiness.ts';
import { retrying } from '../../src/daemon/retrying.ts';
import { Serial } from '../../src/daemon/serial.ts';
import { type Progress, STALL_MS, stalled } from '../../src/daemon/watchdog.ts';
import { SentinelError } from '../../src/domain/errors.ts';

const AWAY = new SentinelError('store_unavailable', 'away', { retryable: true });

describe('retrying', () => {
  test('goes on until it works, and says meanwhile what it waits for', async () => {
    const reports: (string | null)[] = [];
    let attempts = 0;
    const attempt = async () => {
      if (++attempts < 3) throw AWAY;
      return attempts;
    };
    const report = (message: string | null) => void reports.push(message);
    expect(await retrying(attempt, new AbortController().signal, report)).toBe(3);
    expect(reports).toEqual(['away', 'away', null]);
  });

  test('says of a first attempt that takes long that it does, before it ends', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const reports: (string | null)[] = [];
    const attempt = () => new Promise<number>((resolve) => setTimeout(() => resolve(1), 10_000));
    const waiting = retrying(attempt, new AbortController().signal, (message) => void reports.push(message));
    await vi.advanceTimersByTimeAsync(9_000);
    expect(reports).toEqual(['still under way after 3 s']);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await waiting).toBe(1);
    expect(reports).toEqual(['still under way after 3 s', null]);
  });

  test('gives up at once on what does not heal by itself', async () => {
    const wrong = new SentinelError('store_rejected', 'wrong password');
    let attempts = 0;
    const attempt = () => {
      attempts += 1;
      return Promise.reject(wrong);
    };
    await expect(retrying(attempt, new AbortController().signal, () => {})).rejects.toBe(wrong);
    expect(attempts).toBe(1);
  });

  test('waits for what it is told to wait for', async () => {
    const attempts = [() => Promise.reject(new SentinelError('store_rejected', 'wrong password')), async () => 1];
    const attempt = () => (attempts.shift() as () => Promise<number>)();
    expect(
      await retrying(
        attempt,
        new AbortController().signal,
        () => {},
        () => true,
      ),
    ).toBe(1);
  });

  test('ends when it is aborted, in the middle of a wait too', async () => {
    const abort = new AbortController();
    const waiting = retrying(
      () => Promise.reject(AWAY),
      abort.signal,
      () => abort.abort(),
    );
    await expect(waiting).rejects.toThrow(/abort/);
    await expect(
      retrying(
        async () => 1,
        abort.signal,
        () => {},
      ),
    ).rejects.toThrow(/abort/);
  });
});

describe('a serial', () => {
  test('runs one task after the other, in order, and a failure stops none of the next', async () => {
    const serial = new Serial();
    const done: number[] = [];
    const first = serial.run(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      done.push(1);
    });
    const second = serial.run(() => Promise.reject(new Error('no')));
    const third = serial.run(async () => void done.push(3));
    await expect(second).rejects.toThrow('no');
    await Promise.all([first, third]);
    expect(done).toEqual([1, 3]);
  });
});

describe('the watchdog', () => {
  const NOW = 1_000_000;
  const place = (said: Partial<Progress>): Progress => ({
    ...{ partition: 3, lag: 5, progressedAt: NOW - STALL_MS, pausedFor: null },
    ...said,
  });

  test.each([
    ['lag without progress for 15 s is a stall', {}, 'partition 3 has 5 records to read and made no progress for 15 s'],
    ['without lag there is nothing to do', { lag: 0 }, null],
    ['less than 15 s may pass', { progressedAt: NOW - STALL_MS + 1 }, null],
    ['what waits for a named dependency is not counted', { pausedFor: 'Kafka is away' }, null],
  ] as const)('%s', (_, said, expected) => {
    expect(stalled([place({ lag: 0 }), place(said)], NOW)).toBe(expected);
  });
});

describe('readiness', () => {
  test('is no problem at all; each part sets and clears its own, notices change nothing', () => {
    const board = new ReadinessBoard();
    board.notice('rules', 'rejected');
    expect(board.get()).toEqual({ ready: true, problems: {}, notices: { rules: 'rejected' } });
    board.problem('log', 'away');
    board.problem('store', 'away too');
    board.problem('log', null);
    expect(board.get()).toMatchObject({ ready: false, problems: { store: 'away too' } });
  });
});
