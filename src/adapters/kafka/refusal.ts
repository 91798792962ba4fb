import { tlsFault } from '../tls-fault.ts';

/** What kafkajs' errors say of themselves. */
export interface KafkaFault {
  readonly name?: string;
  readonly type?: string;
  readonly code?: string | number;
  readonly message?: string;
  readonly retriable?: boolean;
  readonly cause?: unknown;
}

/** A listener and we do not fit together until somebody changes something. */
export interface Refusal {
  readonly why: string;
  /** What to change. */
  readonly advice: string;
}

/** The code of an answer that is none of Kafka's but of TLS. */
export const SPEAKS_TLS = 'SPEAKS_TLS';

const LOGIN_ERROR = 'KafkaJSSASLAuthenticationError';

/** A connection was lost in the middle of a login: kafkajs tells that as a login that failed, and nobody has judged us. */
export function isCutLogin({ name, message = '' }: KafkaFault): boolean {
  return (
    name === LOGIN_ERROR && / failed: (Closed connection|Connection |Not connected|Request .* timed out)/.test(message)
  );
}

/** null: it is something else, or may go well another time. */
export function refusalOf(fault: KafkaFault): Refusal | null {
  return ofTls(fault) ?? ofLogin(fault) ?? ofSettings(fault);
}

function ofTls(fault: KafkaFault): Refusal | null {
  if (fault.code === SPEAKS_TLS) return { why: 'it speaks TLS and we do not', advice: 'Set kafka.ssl' };
  const tls = tlsFault(fault);
  switch (tls?.kind) {
    case undefined:
      return null;
    case 'untrusted':
      return {
        why: `its certificate is not trusted (${tls.why})`,
        advice: "Set kafka.ssl.ca to the PEM file of the certificate's authority",
      };
    case 'misnamed':
      return {
        why: `its certificate is for another name (${tls.why})`,
        advice: 'Let kafka.brokers and the advertised listeners use the names in it',
      };
    case 'outdated':
      return { why: `its certificate is out of date (${tls.why})`, advice: 'Renew it' };
    case 'ours':
      return {
        why: `it does not accept our certificate (${tls.why})`,
        advice: 'Set kafka.ssl.cert and kafka.ssl.key to a certificate that it trusts',
      };
  }
}

function ofLogin({ name, type, message = '' }: KafkaFault): Refusal | null {
  if (type === 'ILLEGAL_SASL_STATE')
    return { why: 'that listener takes no login', advice: 'Leave kafka.sasl out, or name a listener that does' };
  if (type === 'UNSUPPORTED_SASL_MECHANISM')
    return {
      why: 'that listener does not know the mechanism',
      advice: 'Set kafka.sasl.mechanism to one that it has enabled',
    };
  if (type === 'SASL_AUTHENTICATION_FAILED' || (name === LOGIN_ERROR && !isCutLogin({ name, message })))
    return { why: message.replace(/\.$/, ''), advice: 'Check kafka.sasl.username and kafka.sasl.password' };
  return null;
}

/** Node would not even try: no such port, or texts that are no certificate and no key. */
function ofSettings({ message = '' }: KafkaFault): Refusal | null {
  if (!message.startsWith('Failed to connect: ')) return null;
  return { why: message.replace('Failed to connect: ', ''), advice: 'Check kafka.brokers and kafka.ssl' };
}
