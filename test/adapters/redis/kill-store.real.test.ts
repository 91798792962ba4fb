import { killStoreConformance } from '../../conformance/kill-store.ts';
import { redisUrl } from '../../services/context.ts';
import { redisHarness } from './harness.ts';

killStoreConformance('Redis', (options) => redisHarness(redisUrl(), options));
