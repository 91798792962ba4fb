import { expect, test } from 'vitest';
import { held } from '../../src/cli/tail-audit.ts';

test('a record that waits to be printed is a copy: it neither changes with the answer that it came in nor keeps that', () => {
  const answer = Buffer.from('...record...');
  const place = { topic: 't', partition: 0, offset: 7 };
  const kept = held({ ...place, appendedAt: 1, key: null, value: answer.subarray(3, 9), headers: {} });
  answer.fill('x');
  expect(kept).toEqual({ ...place, value: new Uint8Array(Buffer.from('record')) });
  expect(kept.value?.buffer.byteLength).toBe(6);
});
