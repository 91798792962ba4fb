import { KafkaJSConnectionError, KafkaJSNumberOfRetriesExceeded, KafkaJSProtocolError } from 'kafkajs';
import { describe, expect, test } from 'vitest';
import { isMembershipLost, isRetryableFault, kafkaError } from '../../../src/adapters/kafka/errors.ts';
import { logCreatorFor } from '../../../src/adapters/kafka/logging.ts';
import { SentinelError } from '../../../src/domain/errors.ts';

const brokers = ['k1:9092', 'k2:9092'];

function protocolError(type: string, message: string, retriable: boolean): Error {
  return Object.assign(new Error(message), { name: 'KafkaJSProtocolError', type, retriable });
}

describe('errors of Kafka', () => {
  test('become one sentence that names the brokers, the try and the innermost reason', () => {
    const inner = new KafkaJSConnectionError('Connection timeout', { broker: 'k1:9092' } as never);
    const outer = new KafkaJSNumberOfRetriesExceeded(inner, { retryCount: 5, retryTime: 1 });
    const error = kafkaError(outer, brokers, 'append to agent.audit');
    expect(error.message).toBe(
      'Kafka at k1:9092, k2:9092 could not append to agent.audit: Connection timeout. It is worth trying again.',
    );
    expect([error.code, error.retryable]).toEqual(['kafka_unavailable', true]);
  });

  test.each([
    ['SASL_AUTHENTICATION_FAILED', false],
    ['TOPIC_AUTHORIZATION_FAILED', false],
    ['GROUP_AUTHORIZATION_FAILED', false],
    ['INVALID_TOPIC_EXCEPTION', false],
    ['MESSAGE_TOO_LARGE', false],
    ['NOT_ENOUGH_REPLICAS', true],
    ['NOT_LEADER_FOR_PARTITION', true],
    ['REBALANCE_IN_PROGRESS', true],
  ])('%s is worth trying again: %s', (type, retryable) => {
    const error = protocolError(type, 'words', retryable);
    expect(isRetryableFault(error)).toBe(retryable);
    expect(kafkaError(error, brokers, 'do it').retryable).toBe(retryable);
  });

  test('an error of ours stays what it is', () => {
    const error = new SentinelError('kafka_unavailable', 'words', { retryable: false });
    expect(kafkaError(error, brokers, 'do it')).toBe(error);
    expect(isRetryableFault(error)).toBe(false);
  });

  test('a bug is not worth trying again', () => {
    expect(isRetryableFault(new TypeError('x is not a function'))).toBe(false);
  });

  test.each(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'REBALANCE_IN_PROGRESS'])('%s means to join again', (type) => {
    expect(isMembershipLost(protocolError(type, 'words', true))).toBe(true);
    expect(isMembershipLost(new KafkaJSProtocolError(new Error('other')))).toBe(false);
  });
});

describe("kafkajs' log", () => {
  function levelOf(message: string, error?: string): string | undefined {
    const said: string[] = [];
    const write = logCreatorFor((level) => said.push(level))(1);
    write({ namespace: 'n', level: 1, label: 'ERROR', log: { timestamp: '', message, ...(error ? { error } : {}) } });
    return said[0];
  }

  test('what Kafka does every day is no warning, whatever kafkajs calls it', () => {
    expect(levelOf('The group is rebalancing, so a rejoin is needed')).toBe('debug');
    expect(levelOf('Response InitProducerId', 'The coordinator is loading')).toBe('debug');
    expect(levelOf('Connection error: connect ECONNREFUSED')).toBe('debug');
  });

  test('what else it finds wrong is a warning, never an error: what it cannot mend rejects', () => {
    expect(levelOf('Failed to decode')).toBe('warn');
  });
});
