/**
 * What callers hand over by name, judged before anything is done with it. An option that is not read fails open: who sets
 * a limit that nobody enforces is worse off than who is refused. Types do not reach users of plain JavaScript.
 */
import { SentinelError } from '../domain/errors.ts';
import { isObject, isText } from '../domain/event/validate.ts';
import { nearest, orList } from '../domain/nearest.ts';

/** In the contract, and not in this version. */
const NOT_BUILT: ReadonlySet<string> = new Set(['limits', 'policy', 'onExceeded', 'record', 'step']);

/** Throws where a value is not as expected; `at` says where it stands: `createGuard: id`. */
export type Expectation = (value: unknown, at: string) => void;

/** One for every option: one that is added and not listed does not compile. */
export type Expectations<T> = { readonly [Name in keyof Required<T>]: Expectation };

/** @throws SentinelError `usage` in one sentence, for the first thing that is wrong. Absent and `undefined` are the same. */
export function checkOptions<T>(where: string, given: unknown, expectations: Expectations<T>): asserts given is T {
  if (!isObject(given)) throw new SentinelError('usage', `${where} needs an object of options.`);
  const known = Object.keys(expectations);
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined && !known.includes(name)) throw unknown(where, name, known);
  }
  for (const [name, expectation] of Object.entries<Expectation>(expectations)) {
    expectation(given[name], `${where}: ${name}`);
  }
}

export function expected(what: string, holds: (value: unknown) => boolean): Expectation {
  return (value, at) => {
    if (!holds(value)) throw wrong(at, what);
  };
}

export function optional(expectation: Expectation): Expectation {
  return (value, at) => {
    if (value !== undefined) expectation(value, at);
  };
}

/** An object with options of its own. */
export function nested<T>(expectations: Expectations<T>): Expectation {
  return (value, at) => checkOptions(at, value, expectations);
}

export function text(bytesMax: number): Expectation {
  return expected(`at most ${bytesMax} bytes of well-formed text`, (value) => isText(value, bytesMax));
}

export function nonEmpty(bytesMax: number): Expectation {
  return expected(`1 to ${bytesMax} bytes of well-formed text`, (value) => value !== '' && isText(value, bytesMax));
}

export const flag: Expectation = expected('true or false', (value) => typeof value === 'boolean');

export const callback: Expectation = expected('a function', (value) => typeof value === 'function');

/** An object of the caller's own making that can do this. */
export function having(what: string, methods: readonly string[]): Expectation {
  return expected(what, (value) => isObject(value) && methods.every((name) => typeof value[name] === 'function'));
}

export function wrong(at: string, what: string): SentinelError {
  return new SentinelError('usage', `${at} must be ${what}.`);
}

/** What a user of the contract asks for and this version cannot do. */
export function notBuilt(what: string): SentinelError {
  return new SentinelError(
    'usage',
    `${what} is not in this version of the guard and would have no effect: leave it out.`,
  );
}

function unknown(where: string, name: string, known: readonly string[]): SentinelError {
  if (NOT_BUILT.has(name)) return notBuilt(`${where}: the option "${name}"`);
  const near = nearest(name, known);
  const hint = near === null ? `expected ${orList(known)}` : `did you mean ${near}?`;
  const sentence = `${where} has no option "${name.slice(0, 60).toWellFormed()}", ${hint}`;
  return new SentinelError('usage', near === null ? `${sentence}.` : sentence);
}
