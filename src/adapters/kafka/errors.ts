import { isSentinelError, messageOf, SentinelError } from '../../domain/errors.ts';

/** What kafkajs' errors say of themselves. */
interface KafkaFault {
  readonly name?: string;
  readonly type?: string;
  readonly code?: string | number;
  readonly retriable?: boolean;
  readonly cause?: unknown;
}

const CONNECTION =
  /Connection|Timeout|BrokerNotFound|NoBrokerAvailable|NumberOfRetriesExceeded|MetadataNotLoaded|CoordinatorNotFound/;
const MEMBERSHIP = new Set([
  'REBALANCE_IN_PROGRESS',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'NOT_COORDINATOR_FOR_GROUP',
  'FENCED_INSTANCE_ID',
]);
const REFUSED = /AUTHORIZATION|SASL|AUTHENTICATION|UNSUPPORTED|INVALID/;

/**
 * An error of Kafka or of kafkajs in words for a user: what was tried, where, why not, what to do.
 * @param doing completes "Kafka at … could not …": `append to agent.audit`
 */
export function kafkaError(error: unknown, brokers: readonly string[], doing: string): SentinelError {
  if (isSentinelError(error)) return error;
  const retryable = isRetryableFault(error);
  const advice = retryable ? 'It is worth trying again' : 'Check the brokers, the topics and the credentials';
  const text = `Kafka at ${brokers.join(', ')} could not ${doing}: ${reasonOf(error)}. ${advice}.`;
  return new SentinelError('kafka_unavailable', text, { retryable, cause: error });
}

/** True where the same request may succeed later without anybody changing anything. */
export function isRetryableFault(error: unknown): boolean {
  if (isSentinelError(error)) return error.retryable;
  for (const { name, type, code, retriable } of causes(error)) {
    if (type !== undefined && REFUSED.test(type)) return false;
    if (name?.includes('SASL')) return false;
    if (retriable === true || MEMBERSHIP.has(type ?? '')) return true;
    if (CONNECTION.test(name ?? '') || typeof code === 'string') return true;
  }
  return false;
}

/** True where the group has gone on without us: only joining again helps. */
export function isMembershipLost(error: unknown): boolean {
  return causes(error).some(
    ({ type, name }) => MEMBERSHIP.has(type ?? '') || name === 'KafkaJSStaleTopicMetadataAssignment',
  );
}

export function hasType(error: unknown, type: string): boolean {
  return causes(error).some((fault) => fault.type === type);
}

/** The sentence of the innermost cause: the outer ones only say that retries ended. */
function reasonOf(error: unknown): string {
  if (hasType(error, 'UNKNOWN_TOPIC_OR_PARTITION')) return 'there is no such topic or partition';
  return messageOf(causes(error).at(-1) ?? error).replace(/\.$/, '');
}

function causes(error: unknown): KafkaFault[] {
  const found: KafkaFault[] = [];
  for (let fault: unknown = error; isFault(fault) && found.length < 8; fault = fault.cause) found.push(fault);
  return found;
}

function isFault(value: unknown): value is KafkaFault {
  return typeof value === 'object' && value !== null;
}
