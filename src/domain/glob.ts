/** Tells whether a whole text matches. */
export type TextMatcher = (text: string) => boolean;

/**
 * Compiles a glob: `*` stands for any run of characters (dots too, none too), `?` for exactly one; everything
 * else for itself, case and all. There is no escape. A character is a code point.
 * Never a regular expression: the work is at most |pattern| × |text| steps, whatever the pattern.
 */
export function compileGlob(pattern: string): TextMatcher {
  const first = pattern.search(/[*?]/);
  if (first < 0) return (text) => text === pattern;
  if (pattern.includes('?')) return (text) => globMatches(pattern, text);
  if (first === pattern.length - 1) {
    const prefix = pattern.slice(0, -1);
    return (text) => text.startsWith(prefix);
  }
  if (first === 0 && pattern.indexOf('*', 1) < 0) {
    const suffix = pattern.slice(1);
    return (text) => text.endsWith(suffix);
  }
  return (text) => globMatches(pattern, text);
}

/** Matches what any of the globs matches; nothing when there are none. */
export function compileGlobs(patterns: readonly string[]): TextMatcher {
  const exact = new Set(patterns.filter((pattern) => !isGlob(pattern)));
  const globs = patterns.filter(isGlob).map(compileGlob);
  if (globs.length === 0) return (text) => exact.has(text);
  return (text) => exact.has(text) || globs.some((matches) => matches(text));
}

/** True when the pattern can match more than one text. */
export function isGlob(pattern: string): boolean {
  return pattern.includes('*') || pattern.includes('?');
}

/** Only the newest `*` is ever retried: an earlier one cannot match better by taking more. */
function globMatches(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    const token = p < pattern.length ? pattern.charCodeAt(p) : -1;
    if (token === STAR) {
      star = p++;
      resume = t;
    } else if (token === ANY_ONE) {
      p++;
      t += charLength(text, t);
    } else if (token >= 0 && token === text.charCodeAt(t)) {
      p++;
      t++;
    } else if (star >= 0) {
      resume += charLength(text, resume);
      p = star + 1;
      t = resume;
    } else {
      return false;
    }
  }
  while (p < pattern.length && pattern.charCodeAt(p) === STAR) p++;
  return p === pattern.length;
}

const STAR = 0x2a;
const ANY_ONE = 0x3f;

function charLength(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}
