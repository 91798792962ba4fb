import { defineConfig } from 'vitest/config';

// Three projects, so that `npm run check` stays fast and `npm test` runs everything.
// fast: no server; real: needs Kafka and Redis (provisioned by test/services/setup.ts).
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.real.test.ts'],
          // Far more than any of them needs: a busy machine must not look like a broken law.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'real',
          include: ['test/**/*.real.test.ts'],
          globalSetup: ['test/services/setup.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 240_000,
        },
      },
    ],
  },
});
