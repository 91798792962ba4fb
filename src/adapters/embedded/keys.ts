import { hashParts } from '../../domain/ids.ts';

/** lmdb takes keys of up to 1,978 bytes; what is longer keeps its beginning and ends in its hash. */
const LONGEST_BYTES = 1_900;
const BEGINNING_BYTES = 1_000;

/** The key of a text that may be long and may hold NUL; never empty. */
export function textKey(text: string): Buffer {
  const bytes = Buffer.from(text === '' ? '\0' : text);
  if (bytes.length <= LONGEST_BYTES) return bytes;
  return Buffer.concat([bytes.subarray(0, BEGINNING_BYTES), Buffer.from(`\0${hashParts(text)}`)]);
}

/** The first key after all keys that begin with that text. */
export function afterPrefix(prefix: string): Buffer {
  return Buffer.concat([Buffer.from(prefix), Buffer.from([0xff])]);
}
