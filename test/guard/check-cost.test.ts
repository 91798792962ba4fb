import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/** The smallest thing that can be allocated takes 16 bytes. */
const NOTHING = 4;

test('an allowed check allocates nothing: reads, writes and model calls, by handle and by ids', () => {
  const script = fileURLToPath(new URL('check-cost.ts', import.meta.url));
  const cost = JSON.parse(execFileSync(process.execPath, ['--import', 'tsx', script], { encoding: 'utf8' })) as object;
  for (const [what, bytes] of Object.entries(cost)) expect(bytes, what).toBeLessThan(NOTHING);
  expect(Object.keys(cost)).toHaveLength(4);
});
