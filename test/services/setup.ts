/** Global set-up of vitest's `real` project: Kafka and Redis are there before the first test and gone after the last. */
import type { TestProject } from 'vitest/node';
import './context.ts';
import { startServices } from './services.ts';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const services = await startServices();
  project.provide('kafkaBrokers', services.kafkaBrokers);
  project.provide('redisUrl', services.redisUrl);
  return services.stop;
}
