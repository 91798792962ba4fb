import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AnswerCutter } from '../../../src/adapters/kafka/answer-cutter.ts';

function answer(body: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length);
  return Buffer.concat([size, body]);
}

/** Gives the bytes as a socket would: at most so many at a time, and never more than there is room for. */
function feed(cutter: AnswerCutter, bytes: Buffer, steps: readonly number[]): void {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const room = cutter.room();
    expect(room.length).toBeGreaterThan(0);
    const written = bytes.copy(room, 0, at, at + (steps[i % steps.length] as number));
    at += written;
    cutter.wrote(written);
  }
}

describe('cutting what a broker sends into answers', () => {
  test('answers come whole, in order and with every byte, however the bytes arrive', () => {
    const bodies = fc.array(fc.oneof(fc.nat(40), fc.integer({ min: 65_000, max: 70_000 }), fc.nat(300_000)), {
      maxLength: 12,
    });
    const steps = fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1_000, max: 400_000 })), {
      minLength: 1,
      maxLength: 5,
    });
    const law = fc.property(bodies, steps, (sizes, sizesOfSteps) => {
      // Single bytes of large answers would only take long.
      const total = sizes.reduce((sum, size) => sum + size, 0);
      const pieces = total > 2_000 ? sizesOfSteps.map((step) => step + 997) : sizesOfSteps;
      const sent = sizes.map((size, i) => answer(Buffer.alloc(size, (i % 250) + 1)));
      const got: Buffer[] = [];
      feed(new AnswerCutter(Buffer.alloc, (one) => got.push(one)), Buffer.concat(sent), pieces);
      expect(got.map((one) => one.toString('latin1'))).toEqual(sent.map((one) => one.toString('latin1')));
    });
    fc.assert(law, { numRuns: 60 });
  });

  test('a large answer is read straight into the memory that was given for it', () => {
    const memory: Buffer[] = [];
    const got: Buffer[] = [];
    const take = (bytes: number) => {
      const block = Buffer.alloc(bytes);
      memory.push(block);
      return block;
    };
    feed(new AnswerCutter(take, (one) => got.push(one)), answer(Buffer.alloc(200_000, 7)), [64_000]);
    expect(memory.map(({ length }) => length)).toEqual([200_004]);
    expect(got[0]?.buffer).toBe(memory[0]?.buffer);
  });

  test.each([-1, 0x48545450])('%i bytes are no answer of Kafka', (size) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(size);
    const cutter = new AnswerCutter(Buffer.alloc, () => {});
    expect(() => feed(cutter, bytes, [4])).toThrow(`an answer of ${size} bytes is none of Kafka's`);
  });

  test('the complaint of a listener with TLS is told as such, and no memory is taken for it', () => {
    const alert = Buffer.from('15030300020250', 'hex');
    const take = () => expect.unreachable();
    expect(() => feed(new AnswerCutter(take, () => {}), alert, [alert.length])).toThrow(
      expect.objectContaining({ code: 'SPEAKS_TLS' }),
    );
  });
});
