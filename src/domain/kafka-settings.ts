/** What Kafka takes as an address and a name, and how we log in: for the daemon's configuration and for sinks alike. */

/** host:port */
export const BROKER_PATTERN = '^[^\\s,:]+:[0-9]{1,5}$';

export const TOPIC_PATTERN = '^[A-Za-z0-9._-]{1,249}$';
/** The same for people. */
export const TOPIC_EXPECTED = 'a topic name: 1 to 249 letters, digits, dots, _ and -';

export const SASL_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

export interface SaslLogin {
  readonly mechanism: (typeof SASL_MECHANISMS)[number];
  readonly username: string;
  readonly password: string;
}
