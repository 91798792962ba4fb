import { eventLogConformance } from '../../conformance/event-log.ts';
import { kafkaBrokers } from '../../services/context.ts';
import { testLog } from './harness.ts';

eventLogConformance('Kafka', async () => {
  const log = testLog(kafkaBrokers());
  return { topics: log.topics, open: async () => log.open(), dispose: log.dispose };
});
