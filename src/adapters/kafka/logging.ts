import { type LogEntry, type logCreator, logLevel } from 'kafkajs';
import type { KafkaLogger, LogLevel } from './options.ts';

/** What kafkajs calls errors and warnings although it is how Kafka works, or although we tell it better and once. */
const ORDINARY =
  /rebalanc|rejoin|re-join|coordinator|not aware of this member|generation|leader|connect|closed|idempotent/i;

/**
 * kafkajs' log as ours. Nothing of it is an error to us: it retries, and what it cannot mend reaches us as a rejection,
 * which whoever asked reports.
 */
export function logCreatorFor(log: KafkaLogger): logCreator {
  return () => (entry) => {
    const level = levelOf(entry);
    if (level !== null) log(level, `kafkajs: ${entry.log.message}`, detailOf(entry));
  };
}

function levelOf({ level, log }: LogEntry): LogLevel | null {
  if (level > logLevel.WARN) return null;
  const error = typeof log.error === 'string' ? log.error : '';
  return ORDINARY.test(log.message) || ORDINARY.test(error) ? 'debug' : 'warn';
}

/** Only plain facts: no stacks, no payloads. */
function detailOf({ namespace, log }: LogEntry): Record<string, unknown> {
  const { broker, groupId, error, retryCount } = log;
  return { namespace, broker, groupId, error, retryCount };
}
