import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { messageOf, SentinelError } from '../domain/errors.ts';
import type { KafkaConfig } from './config/config.ts';

/** The texts of the files that `kafka.ssl` names. */
export type PemTexts = { readonly ca?: string; readonly cert?: string; readonly key?: string };

/** One of the files is not what it should be. */
export class PemFault extends SentinelError {
  /** Dotted path: `kafka.ssl.ca`. */
  readonly setting: string;
  /** What stands there, and what was expected. */
  readonly what: string;

  constructor(setting: string, what: string) {
    super('config_invalid', `${setting}: ${what}.`);
    this.setting = setting;
    this.what = what;
  }
}

/**
 * Judged here, where their names are known: Node says of such a file only where OpenSSL's source gave up, and of authorities
 * that are none nothing at all.
 * @throws PemFault
 */
export function readPemFiles(ssl: KafkaConfig['ssl']): boolean | PemTexts {
  if (typeof ssl === 'boolean') return ssl;
  const { ca, cert, key } = ssl;
  const texts: { ca?: string; cert?: string; key?: string } = {};
  if (ca !== undefined) {
    texts.ca = textOf('ca', ca);
    certificateIn(texts.ca, 'ca', ca);
  }
  if (cert === undefined && key === undefined) return texts;
  if (cert === undefined) throw wrong('cert', 'is missing', 'beside kafka.ssl.key a PEM file of its certificate');
  if (key === undefined) throw wrong('key', 'is missing', 'beside kafka.ssl.cert a PEM file of its private key');
  texts.cert = textOf('cert', cert);
  texts.key = textOf('key', key);
  if (!certificateIn(texts.cert, 'cert', cert).checkPrivateKey(privateKeyIn(texts.key, key)))
    throw wrong('key', `${key} does not belong to ${cert}`, 'the private key of that certificate');
  return texts;
}

function textOf(setting: keyof PemTexts, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw wrong(setting, `${path} cannot be read (${messageOf(error)})`, 'a PEM file');
  }
}

function certificateIn(text: string, setting: 'ca' | 'cert', path: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch {
    throw wrong(setting, `${path} holds no certificate`, 'a PEM file that begins with -----BEGIN CERTIFICATE-----');
  }
}

function privateKeyIn(text: string, path: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch {
    throw wrong('key', `${path} holds no private key that can be read`, 'a PEM file of a key without a passphrase');
  }
}

function wrong(setting: keyof PemTexts, what: string, expected: string): PemFault {
  return new PemFault(`kafka.ssl.${setting}`, `${what}, expected ${expected}`);
}
