import { describe, expect, test } from 'vitest';
import { storeError } from '../../../src/adapters/redis/errors.ts';

const coded = (code: string) => Object.assign(new Error('words'), { code });

describe('an error of Redis', () => {
  test.each([
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /a certificate that is not trusted \(words\): .* NODE_EXTRA_CA_CERTS\.$/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', /a certificate for another name \(words\): let redis\.url use a name in it\.$/],
    ['CERT_HAS_EXPIRED', /a certificate that is out of date \(words\): renew it\.$/],
    [
      'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
      /of ours \(certificate required\).*set its tls-auth-clients to no\.$/,
    ],
  ])('that is about certificates (%s) refuses us for good: what to do is told', (code, sentence) => {
    expect(storeError(coded(code), 'rediss://h:1')).toMatchObject({
      code: 'store_rejected',
      retryable: false,
      message: expect.stringMatching(sentence),
    });
  });

  test.each([
    ['read ECONNRESET', 'redis://h:1', /read ECONNRESET \(where it never does, that port may be for TLS: rediss /],
    [
      'connect ETIMEDOUT',
      'rediss://h:1',
      /connect ETIMEDOUT \(where it never does, that port may be without TLS: redis /,
    ],
    [
      'Unknown RESP type 72 "H". Please report this.',
      'redis://h:1',
      /what is there is no Redis \(check the host and the port in redis\.url\)\.$/,
    ],
    ['Connection is closed.', 'redis://h:1', /does not answer: not connected\.$/],
    ['connect ECONNREFUSED h:1', 'rediss://h:1', /does not answer: connect ECONNREFUSED h:1\.$/],
    [
      'All sentinels are unreachable. Retrying from scratch after 10ms. Last error: NOAUTH Authentication required.',
      'redis+sentinel://h:1/main',
      /no Sentinel names the primary \(NOAUTH Authentication required\)\.$/,
    ],
    [
      'All sentinels are unreachable. Retrying from scratch after 10ms. Last error: Connection is closed.',
      'rediss+sentinel://h:1/main',
      /no Sentinel can be talked to over TLS \(is one there, and its certificate trusted and for that name\?\)\.$/,
    ],
  ])('"%s" at %s may heal: it is tried again, and what else it may be is told', (text, place, sentence) => {
    expect(storeError(new Error(text), place)).toMatchObject({
      code: 'store_unavailable',
      retryable: true,
      message: expect.stringMatching(sentence),
    });
  });
});
