/** A broker and a Redis that want to know who we are, and say who they are; each has a plain way in beside it, for the test itself. */
import { Redis } from 'ioredis';
import { type Certificate, certificate } from './certificates.ts';
import { type KafkaServer, startKafka } from './kafka.ts';
import { freePorts } from './ports.ts';
import { type RedisServer, startRedis } from './redis.ts';

export const USER = 'sentinel';
/** With what a URL must escape. */
export const PASSWORD = 's3cret@/%:';

/**
 * Nobody may stay logged in for longer than this. We log in again 10 s before it is over, so every 1.2 s; within 1 s of the last
 * login a broker refuses the next.
 */
const LOGIN_MS = 11_200;

export interface SecuredKafka extends KafkaServer {
  /** LOGIN: SASL. SHORT: SASL, logins end soon. TLS: the server's certificate. MUTUAL: ours too. BOTH: TLS and SASL. */
  readonly doors: Readonly<Record<'LOGIN' | 'SHORT' | 'TLS' | 'MUTUAL' | 'BOTH', string>>;
  readonly server: Certificate;
  /** The one that MUTUAL lets in. */
  readonly client: Certificate;
}

export async function securedKafka(): Promise<SecuredKafka> {
  const [server, client] = await Promise.all([certificate(), certificate()]);
  const kafka = await startKafka({
    doors: { LOGIN: 'SASL_PLAINTEXT', SHORT: 'SASL_PLAINTEXT', TLS: 'SSL', MUTUAL: 'SSL', BOTH: 'SASL_SSL' },
    scram: ['SCRAM-SHA-256', 'SCRAM-SHA-512'].map((mechanism) => `${mechanism}=[name=${USER},password=${PASSWORD}]`),
    properties: {
      ...loginOf('login', 'PLAIN', 'SCRAM-SHA-256'),
      ...loginOf('short', 'SCRAM-SHA-256'),
      'listener.name.short.scram-sha-256.connections.max.reauth.ms': String(LOGIN_MS),
      ...loginOf('both', 'SCRAM-SHA-512'),
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': server.both,
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': client.cert,
      'listener.name.mutual.ssl.client.auth': 'required',
    },
  });
  return { ...kafka, doors: kafka.doors as SecuredKafka['doors'], server, client };
}

function loginOf(door: string, ...mechanisms: readonly string[]): Record<string, string> {
  const modules = mechanisms.map((mechanism) => {
    const module =
      mechanism === 'PLAIN'
        ? `plain.PlainLoginModule required user_${USER}="${PASSWORD}"`
        : 'scram.ScramLoginModule required';
    const setting = `listener.name.${door}.${mechanism.toLowerCase()}.sasl.jaas.config`;
    return [setting, `org.apache.kafka.common.security.${module};`];
  });
  return { [`listener.name.${door}.sasl.enabled.mechanisms`]: mechanisms.join(','), ...Object.fromEntries(modules) };
}

export interface SecuredRedis extends RedisServer {
  readonly tlsPort: number;
  readonly server: Certificate;
}

/** The user may do what the kill state needs, and administer nothing. */
export async function securedRedis(): Promise<SecuredRedis> {
  const server = await certificate();
  const [tlsPort = 0] = await freePorts(1);
  const redis = await startRedis({ args: ['--tls-port', String(tlsPort), ...tlsFlags(server)] });
  const client = new Redis(redis.url);
  await client.acl('SETUSER', USER, 'on', `>${PASSWORD}`, '~*', '&*', '+@all', '-@admin', '-@dangerous', '+info');
  client.disconnect();
  return { ...redis, tlsPort, server };
}

/** For a Redis and for a Sentinel. */
export function tlsFlags({ cert, key }: Certificate): readonly string[] {
  return [
    ...['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert],
    ...['--tls-auth-clients', 'no', '--tls-replication', 'yes'],
  ];
}
