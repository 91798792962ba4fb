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

  test('of a broker that answers nothing, which kafkajs tells without a name, are worth trying again', () => {
    const error = kafkaError(new Error('Broker not connected'), brokers, 'do it');
    expect(error).toMatchObject({ code: 'kafka_unavailable', retryable: true });
    expect(error.message).toContain(
      'could not do it: it takes connections and does not answer. It is worth trying again.',
    );
  });

  test.each([
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

  test.each([
    [{ code: 'SELF_SIGNED_CERT_IN_CHAIN' }, /its certificate is not trusted \(words\)\. Set kafka\.ssl\.ca/],
    [{ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }, /its certificate is not trusted/],
    [{ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, /its certificate is for another name \(words\)/],
    [{ code: 'CERT_HAS_EXPIRED' }, /its certificate is out of date \(words\)\. Renew it/],
    [
      { code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' },
      /our certificate \(certificate required\)\. Set kafka\.ssl\.cert/,
    ],
    [{ code: 'SPEAKS_TLS' }, /it speaks TLS and we do not\. Set kafka\.ssl\.$/],
    [{ message: 'Failed to connect: no key' }, /: no key\. Check kafka\.brokers and kafka\.ssl\.$/],
  ])('a listener whose TLS does not fit (%o) refuses us for good: what to set is told', (fault, sentence) => {
    const inner = Object.assign(new KafkaJSConnectionError('Connection error: words'), fault);
    const error = kafkaError(new KafkaJSNumberOfRetriesExceeded(inner, { retryCount: 5, retryTime: 1 }), brokers, 'do');
    expect(error).toMatchObject({ code: 'kafka_rejected', retryable: false, message: expect.stringMatching(sentence) });
    expect([inner, error].map(isRetryableFault), 'once we run it is waited for').toEqual([true, true]);
  });

  test.each([
    ['ILLEGAL_SASL_STATE', 'Leave kafka.sasl out, or name a listener that does.'],
    ['UNSUPPORTED_SASL_MECHANISM', 'Set kafka.sasl.mechanism to one that it has enabled.'],
    ['SASL_AUTHENTICATION_FAILED', 'Check kafka.sasl.username and kafka.sasl.password.'],
  ])('a login that does not fit (%s) is refused for good: what to set is told', (type, advice) => {
    const fault = protocolError(type, 'words', false);
    const error = kafkaError(fault, brokers, 'do');
    expect(error).toMatchObject({ code: 'kafka_rejected', retryable: false });
    expect(error.message).toContain(advice);
    expect([fault, error].map(isRetryableFault), 'once we run it is waited for').toEqual([true, true]);
  });

  test.each([
    ['Authentication failed: Invalid username or password', false],
    ['Invalid server signature in server final message', false],
    ['Closed connection', true],
    ['Connection closed by the server', true],
    ['Connection error: read ECONNRESET', true],
    ['Request SaslAuthenticate(key: 36, version: 1) timed out', true],
  ])('kafkajs tells every end of a login alike: "%s" may heal by itself: %s', (why, retryable) => {
    const login = Object.assign(new Error(`SASL PLAIN authentication failed: ${why}`), {
      name: 'KafkaJSSASLAuthenticationError',
      retriable: false,
    });
    expect(kafkaError(login, brokers, 'do')).toMatchObject({
      code: retryable ? 'kafka_unavailable' : 'kafka_rejected',
      retryable,
    });
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
