import { isSentinelError, isWaitedFor, messageOf, SentinelError } from '../../domain/errors.ts';
import { isCutLogin, type KafkaFault, refusalOf } from './refusal.ts';

const CONNECTION =
  /Connection|Timeout|BrokerNotFound|NoBrokerAvailable|NumberOfRetriesExceeded|MetadataNotLoaded|CoordinatorNotFound/;
/** All that kafkajs says, in an error without a name, where a broker takes connections and answers nothing. */
const SILENT = 'Broker not connected';
const MEMBERSHIP = new Set([
  'REBALANCE_IN_PROGRESS',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'NOT_COORDINATOR_FOR_GROUP',
  'FENCED_INSTANCE_ID',
]);
const REFUSED = /AUTHORIZATION|UNSUPPORTED|INVALID/;

/**
 * An error of Kafka or of kafkajs in words for a user: what was tried, where, why not, what to do.
 * @param doing completes "Kafka at … could not …": `append to agent.audit`
 */
export function kafkaError(error: unknown, brokers: readonly string[], doing: string): SentinelError {
  if (isSentinelError(error)) return error;
  const told = (why: string, advice: string) => `Kafka at ${brokers.join(', ')} could not ${doing}: ${why}. ${advice}.`;
  for (const fault of causes(error)) {
    const refusal = refusalOf(fault);
    if (refusal !== null)
      return new SentinelError('kafka_rejected', told(refusal.why, refusal.advice), { cause: error });
  }
  const retryable = isRetryableFault(error);
  const advice = retryable ? 'It is worth trying again' : 'Check the brokers, the topics and the credentials';
  return new SentinelError('kafka_unavailable', told(reasonOf(error), advice), { retryable, cause: error });
}

/**
 * True where whoever runs already tries again: what may heal by itself, and what {@link kafkaError} calls a refusal. That may be of one
 * broker only, whose others are to be read meanwhile; a listener that takes logins takes none within a second of the last
 * (`ILLEGAL_SASL_STATE`); and else somebody mends it.
 */
export function isRetryableFault(error: unknown): boolean {
  if (isSentinelError(error)) return isWaitedFor(error);
  for (const fault of causes(error)) {
    const { name, type, code, retriable, message } = fault;
    if (isCutLogin(fault) || refusalOf(fault) !== null) return true;
    if (type !== undefined && REFUSED.test(type)) return false;
    if (retriable === true || MEMBERSHIP.has(type ?? '')) return true;
    if (CONNECTION.test(name ?? '') || typeof code === 'string' || message === SILENT) return true;
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
  const innermost = causes(error).at(-1);
  const text = messageOf(innermost ?? error);
  if (text === SILENT) return 'it takes connections and does not answer';
  // Brokers that go away say no more than listeners that want something else of us.
  if (innermost?.name === 'KafkaJSConnectionClosedError')
    return 'it closed the connection (where it always does, compare kafka.ssl and kafka.sasl with its listener)';
  if (text.includes('before secure TLS connection'))
    return 'it closed the connection before TLS was agreed on (where it always does, that listener has no TLS: leave kafka.ssl out)';
  return (text.split('\n', 1)[0] ?? '').replace(/\.$/, '');
}

function causes(error: unknown): KafkaFault[] {
  const found: KafkaFault[] = [];
  for (let fault: unknown = error; isFault(fault) && found.length < 8; fault = fault.cause) found.push(fault);
  return found;
}

function isFault(value: unknown): value is KafkaFault {
  return typeof value === 'object' && value !== null;
}
