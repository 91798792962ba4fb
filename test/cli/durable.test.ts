import { expect, test } from 'vitest';
import { RELAY_LEASE_MS } from '../../src/audit/relay.ts';
import { DURABLE_WITHIN_MS } from '../../src/cli/durable.ts';

/** To connect to Kafka and publish, on a busy machine. */
const PUBLISHING_MS = 2_000;

test('a command that finds a daemon just killed has time to publish its change itself', () => {
  expect(RELAY_LEASE_MS + PUBLISHING_MS).toBeLessThanOrEqual(DURABLE_WITHIN_MS);
});
