/** How often properties are tried: a few seconds' worth in `npm test`, more with FC_RUNS. */
const asked = Number(process.env.FC_RUNS ?? 0);

export const runs = {
  /** Of cheap properties. */
  few: asked || 20,
  /** Of those where one try takes a second. */
  rare: Math.max(Math.ceil(asked / 50), 1),
  timeoutMs: Math.max(asked * 2_000, 60_000),
};
