import { expect, test } from 'vitest';
import { Lane } from '../../../src/adapters/kafka/lane.ts';

test('what cannot be read is asked for once more before it counts as damaged, at every place anew', () => {
  const lane = new Lane(
    0,
    7,
    async () => {},
    () => {},
  );
  expect([lane.doubts(7), lane.doubts(7), lane.doubts(9), lane.doubts(9)]).toEqual([true, false, true, false]);
});
