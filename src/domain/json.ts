/**
 * JSON in the one form of RFC 8785: members sorted by the UTF-16 units of their names, no white space, numbers
 * as ECMAScript writes them. The same value gives the same text everywhere, so it can be hashed.
 * Members that are undefined are left out, as `JSON.stringify` does.
 * @throws TypeError for what JSON cannot say: NaN, infinities, bigints, functions, lone surrogates, cycles (RangeError).
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return canonicalString(value);
  if (typeof value === 'number') return canonicalNumber(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object') return canonicalObject(value);
  throw new TypeError(`canonical JSON has no form for a value of type ${typeof value}`);
}

function canonicalObject(value: object): string {
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  // The default order of strings is that of their UTF-16 units; names are distinct.
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${canonicalString(name)}:${canonicalJson(member)}`).join(',')}}`;
}

function canonicalString(text: string): string {
  if (!text.isWellFormed()) throw new TypeError('canonical JSON has no form for a string with a lone surrogate');
  return JSON.stringify(text);
}

function canonicalNumber(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError(`canonical JSON has no form for the number ${value}`);
  return JSON.stringify(value);
}
