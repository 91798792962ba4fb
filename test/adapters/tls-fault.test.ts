import { expect, test } from 'vitest';
import { tlsFault } from '../../src/adapters/tls-fault.ts';

test.each([null, undefined, 'words', 7, {}, new Error('words'), { code: 7 }, { code: 'ECONNREFUSED' }])(
  'what is no fault of TLS is none, whatever was thrown: %o',
  (thrown) => {
    expect(tlsFault(thrown)).toBeNull();
  },
);
