import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPemFiles } from '../../src/daemon/pem-files.ts';
import { type Certificate, certificate } from '../services/certificates.ts';

let ours: Certificate;
let other: Certificate;
const dir = mkdtempSync(join(tmpdir(), 'pem-files-'));
const nowhere = join(dir, 'nowhere.pem');
const text = join(dir, 'text.pem');

beforeAll(async () => {
  [ours, other] = await Promise.all([certificate(), certificate()]);
  writeFileSync(text, 'no PEM\n');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('the files of kafka.ssl', () => {
  test('are read where they are what they should be', () => {
    const { cert, key } = ours;
    expect(readPemFiles(true)).toBe(true);
    expect(readPemFiles({ ca: other.cert, cert, key })).toEqual({
      ca: readFileSync(other.cert, 'utf8'),
      cert: readFileSync(cert, 'utf8'),
      key: readFileSync(key, 'utf8'),
    });
  });

  test.each([
    ['are not there', () => ({ ca: nowhere }), /^kafka\.ssl\.ca: .*nowhere\.pem cannot be read \(ENOENT/],
    ['hold no certificate', () => ({ ca: text }), /^kafka\.ssl\.ca: .*text\.pem holds no certificate, expected /],
    ['hold no key', () => ({ cert: ours.cert, key: text }), /^kafka\.ssl\.key: .*text\.pem holds no private key/],
    ['lack the key', () => ({ cert: ours.cert }), /^kafka\.ssl\.key: is missing, expected beside kafka\.ssl\.cert/],
    [
      'lack the certificate',
      () => ({ key: ours.key }),
      /^kafka\.ssl\.cert: is missing, expected beside kafka\.ssl\.key/,
    ],
    ['do not belong together', () => ({ cert: ours.cert, key: other.key }), /^kafka\.ssl\.key: .* does not belong to /],
  ])('that %s are wrong configuration: which, and what was expected', (_, files, sentence) => {
    expect(() => readPemFiles(files())).toThrow(
      expect.objectContaining({
        code: 'config_invalid',
        message: expect.stringMatching(sentence),
        setting: expect.stringMatching(/^kafka\.ssl\.(ca|cert|key)$/),
      }),
    );
  });
});
