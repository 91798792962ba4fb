/** `npm run services`: Kafka and Redis for development, until Ctrl-C. */
import { startServices } from '../test/services/services.ts';

const services = await startServices().catch((error: Error) => {
  console.error(error.message);
  return process.exit(1);
});

console.log(`export KAFKA_BROKERS=${services.kafkaBrokers.join(',')}`);
console.log(`export REDIS_URL=${services.redisUrl}`);
console.error('services: running; Ctrl-C stops them and removes their data');

const staysAlive = setInterval(() => {}, 60_000);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // `on`, not `once`: Ctrl-C may reach us twice, from the terminal and from the runner above us.
  process.on(signal, async () => {
    clearInterval(staysAlive);
    await services.stop();
  });
}
