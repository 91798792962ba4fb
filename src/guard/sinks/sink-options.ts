import {
  BROKER_PATTERN,
  SASL_MECHANISMS,
  type SaslLogin,
  TOPIC_EXPECTED,
  TOPIC_PATTERN,
} from '../../domain/kafka-settings.ts';
import { orList } from '../../domain/nearest.ts';
import { callback, type Expectation, type Expectations, expected, flag, nested, optional } from '../options.ts';

export interface KafkaSinkOptions {
  /** `host:port`, at least one. */
  readonly brokers: readonly string[];
  /** Default `agent.tool-calls`. */
  readonly topic?: string;
  /** PEM texts; `true` for TLS with the system's authorities. */
  readonly ssl?: boolean | TlsTexts;
  readonly sasl?: SaslLogin;
  readonly onError?: (error: unknown) => void;
}

export interface HttpSinkOptions {
  /** Of the daemon: `http://127.0.0.1:7070`. */
  readonly url: string;
  readonly token?: string;
  readonly onError?: (error: unknown) => void;
}

export interface EmbeddedSinkOptions {
  /** The folder of a daemon that runs embedded. */
  readonly dir: string;
  readonly onError?: (error: unknown) => void;
}

interface TlsTexts {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

const onError = optional(callback);
const someText = expected('a text that is not empty', (value) => typeof value === 'string' && value !== '');

/** A text of that form. */
const matching = (pattern: string): ((value: unknown) => boolean) => {
  const form = new RegExp(pattern, 'u');
  return (value) => typeof value === 'string' && form.test(value);
};
const isBroker = matching(BROKER_PATTERN);

const tls = nested<TlsTexts>({ ca: optional(someText), cert: optional(someText), key: optional(someText) });
const ssl: Expectation = (value, at) => {
  if (typeof value === 'object' && value !== null) tls(value, at);
  else flag(value, at);
};

export const KAFKA_SINK: Expectations<KafkaSinkOptions> = {
  brokers: expected('a list of host:port, one at least', (value) => {
    return Array.isArray(value) && value.length > 0 && value.every(isBroker);
  }),
  topic: optional(expected(TOPIC_EXPECTED, matching(TOPIC_PATTERN))),
  ssl: optional(ssl),
  sasl: optional(
    nested<SaslLogin>({
      mechanism: expected(orList(SASL_MECHANISMS), (value) => SASL_MECHANISMS.some((known) => known === value)),
      username: someText,
      password: someText,
    }),
  ),
  onError,
};

export const HTTP_SINK: Expectations<HttpSinkOptions> = {
  url: expected('the address of a daemon, such as http://127.0.0.1:7070', (value) => {
    return typeof value === 'string' && URL.canParse(value) && /^https?:/.test(value);
  }),
  token: optional(
    expected('a text of visible ASCII characters', (value) => {
      return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value);
    }),
  ),
  onError,
};

export const EMBEDDED_SINK: Expectations<EmbeddedSinkOptions> = { dir: someText, onError };
