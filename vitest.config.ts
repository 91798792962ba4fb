import { defineConfig } from 'vitest/config';

const TESTS = ['test/**/*.test.ts'];
/** Needs Kafka and Redis, provisioned by test/services/setup.ts. */
const REAL = ['test/**/*.real.test.ts'];
/** Needs no server, but the disk, processes or many random streams: seconds instead of milliseconds. */
const THOROUGH = [
  ...['adapters', 'bench', 'cli', 'crash', 'daemon', 'eval', 'guard', 'hostile', 'properties', 'rehearsal'].map(
    (folder) => `test/${folder}/**/*.test.ts`,
  ),
  'test/domain/event/{two-ways,validate}.test.ts',
  'test/engine/snapshot.test.ts',
  'test/rules/{parse-any,shipped}.test.ts',
];
/** Far more than any of them needs: a busy machine must not look like a broken law. */
const TIMEOUT_MS = 30_000;

// `npm run check` runs fast, in seconds; `npm test` runs all three.
export default defineConfig({
  test: {
    projects: [
      {
        // Pure code, so that one module graph per worker serves all files: half the time.
        test: {
          name: 'fast',
          include: TESTS,
          exclude: [...REAL, ...THOROUGH],
          testTimeout: TIMEOUT_MS,
          isolate: false,
        },
      },
      { test: { name: 'thorough', include: THOROUGH, exclude: REAL, testTimeout: TIMEOUT_MS } },
      {
        test: {
          name: 'real',
          include: REAL,
          globalSetup: ['test/services/setup.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 240_000,
        },
      },
    ],
  },
});
