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
