/** Certificates for servers of tests: each signs itself, so that whoever trusts it trusts nobody else. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aptInstall, onPath, run } from './install.ts';
import { temporaryDirectory } from './leash.ts';

/** Paths of PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  /** Both in one file, as Kafka wants them. */
  readonly both: string;
}

/** @param names whom it is for, as OpenSSL writes alternative names: `IP:127.0.0.1` */
export async function certificate(names = 'IP:127.0.0.1'): Promise<Certificate> {
  if (!onPath('openssl')) await aptInstall(['openssl']);
  const dir = temporaryDirectory('certificate');
  const [cert, key, both] = [join(dir, 'cert.pem'), join(dir, 'key.pem'), join(dir, 'both.pem')];
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=test', '-addext', `subjectAltName=${names}`, '-out', cert, '-keyout', key],
  ]);
  writeFileSync(both, readFileSync(key, 'utf8') + readFileSync(cert, 'utf8'));
  return { cert, key, both };
}
