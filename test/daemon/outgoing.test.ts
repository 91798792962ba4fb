import { describe, expect, test } from 'vitest';
import { OutgoingQueue } from '../../src/daemon/outgoing.ts';
import { SentinelError } from '../../src/domain/errors.ts';
import type { OutMessage } from '../../src/ports/event-log.ts';

/** A log that takes what it is told to take. */
class Sink {
  readonly taken: string[] = [];
  readonly closed = new Set<string>();
  calls = 0;

  async partitionsOf(_: string, keys: readonly string[]): Promise<readonly number[]> {
    return keys.map(() => 0);
  }

  async append(topic: string, messages: readonly OutMessage[]): Promise<[]> {
    this.calls += 1;
    await Promise.resolve();
    if (this.closed.has(topic)) throw new SentinelError('kafka_unavailable', 'away', { retryable: true });
    this.taken.push(...messages.map(({ value }) => `${topic}:${String(value)}`));
    return [];
  }
}

function setup(limits = { messages: 3, bytes: 1_000 }) {
  const sink = new Sink();
  const outages: string[] = [];
  const queue = new OutgoingQueue(sink, (message) => void outages.push(message), limits);
  const push = (topic: string, value: string, owner: number | null = 0) =>
    queue.push({ topic, owner, message: { key: null, value } });
  return { sink, queue, push, outages };
}

describe('messages on their way', () => {
  test('reach their topic in order, those of one moment together', async () => {
    const { sink, queue, push } = setup();
    for (let n = 0; n < 5; n++) push('a', String(n));
    expect(await queue.flush(1_000)).toBe(true);
    expect(sink.taken).toEqual(['a:0', 'a:1', 'a:2', 'a:3', 'a:4']);
    expect(sink.calls).toBe(1);
  });

  test('keep their order when the log refuses for a while, and are told once as an outage', async () => {
    const { sink, queue, push, outages } = setup();
    sink.closed.add('a');
    push('a', '1');
    await expect.poll(() => sink.calls).toBeGreaterThan(1);
    push('a', '2');
    expect(queue.outage).toBe('a: away');
    sink.closed.clear();
    expect(await queue.flush(2_000)).toBe(true);
    expect(sink.taken).toEqual(['a:1', 'a:2']);
    expect(queue.outage).toBeNull();
    expect(outages).toEqual(['a takes nothing: away']);
  });

  test('are not held up by a topic that takes nothing', async () => {
    const { sink, queue, push } = setup();
    sink.closed.add('dead');
    push('dead', '1');
    push('audit', '2');
    expect(await queue.flush(50)).toBe(false);
    expect(sink.taken).toEqual(['audit:2']);
    queue.close();
  });

  test('that were pushed while the last ones were acknowledged are sent too', async () => {
    const { sink, queue, push } = setup();
    push('a', '1');
    await queue.flush(1_000);
    for (let n = 0; n < 20; n++) {
      push('a', `x${n}`);
      await Promise.resolve();
    }
    expect(await queue.flush(1_000)).toBe(true);
    expect(sink.taken).toHaveLength(21);
  });
});

describe('too much', () => {
  test('of one partition fills the queue for that partition alone, until there is room', async () => {
    const { sink, queue, push } = setup();
    sink.closed.add('a');
    for (let n = 0; n < 3; n++) push('a', 'x', 7);
    expect(queue.isFull(7)).toBe(true);
    expect(queue.isFull(8)).toBe(false);
    const room = queue.room(7, 5_000);
    sink.closed.clear();
    await room;
    expect(queue.isFull(7)).toBe(false);
    expect(queue.size).toBe(0);
  });

  test('bytes fill it as well, and waiting ends by itself or by closing', async () => {
    const { sink, queue, push } = setup();
    sink.closed.add('a');
    push('a', 'x'.repeat(1_000), 1);
    expect(queue.isFull(1)).toBe(true);
    await queue.room(1, 5);
    const room = queue.room(1, 60_000);
    queue.close();
    await room;
    expect(await queue.flush(60_000)).toBe(false);
  });
});

describe('what is not acknowledged', () => {
  test('is told per partition for its checkpoint, and is still sent when the partition goes', async () => {
    const { sink, queue, push } = setup();
    sink.closed.add('a');
    push('a', '1', 1);
    push('a', '2', 2);
    push('a', '3', null);
    expect(queue.pendingOf(1).map(({ message }) => message.value)).toEqual(['1']);
    queue.release(1);
    expect(queue.pendingOf(1)).toEqual([]);
    expect(queue.isFull(1)).toBe(false);
    sink.closed.clear();
    expect(await queue.flush(2_000)).toBe(true);
    expect(sink.taken).toEqual(['a:1', 'a:2', 'a:3']);
  });
});
