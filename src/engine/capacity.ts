/**
 * How much room what grows is given for that many: 1, 2, 3, 4, 6, 8, 12, 16, … Steps of a half waste a fifth on average, those of
 * the whole a third.
 */
export function capacityFor(count: number): number {
  if (count <= 2) return count;
  const power = 1 << (31 - Math.clz32(count - 1));
  const between = power + (power >> 1);
  return count <= between ? between : power * 2;
}

/** The same by its place in that row: of 0 it is 1, of 1 it is 2, of 2 it is 3, … */
export function capacityOfStep(step: number): number {
  if (step === 0) return 1;
  return step & 1 ? 1 << ((step + 1) >> 1) : 3 << ((step - 2) >> 1);
}
