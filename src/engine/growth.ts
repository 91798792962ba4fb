/** Up to here what grows is given half as much again; beyond, a quarter. */
const SMALL = 1 << 14;

/**
 * The capacity that what has outgrown `capacity` is given, at least `needed`. Large state keeps little in reserve: memory is
 * what bounds how many sessions there may be, and what is copied four times over its life costs little.
 */
export function greaterCapacity(capacity: number, needed: number): number {
  return Math.max(needed, Math.ceil(capacity * (capacity < SMALL ? 1.5 : 1.25)));
}
