import { isMap, isScalar, isSeq, type Pair } from 'yaml';
import { nearest, orList } from '../../domain/nearest.ts';
import type { Cursor, Reader } from '../reader.ts';
import { type JsonSchema, quote, refuse, type Shape } from './shape.ts';

/** One key of an object: what it holds, whether it must be there, and what editors say about it. */
export interface Field<T, Needed extends boolean = boolean> {
  readonly shape: Shape<T>;
  readonly needed: Needed;
  readonly about: string;
}

export function required<T>(shape: Shape<T>, about: string): Field<T, true> {
  return { shape, needed: true, about };
}

export function optional<T>(shape: Shape<T>, about: string): Field<T, false> {
  return { shape, needed: false, about };
}

export type Fields = Readonly<Record<string, Field<unknown>>>;

/** What an object of such fields reads as; optional keys that are not there are undefined. */
export type Values<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends Field<infer T, infer Needed>
    ? Needed extends true
      ? T
      : T | undefined
    : never;
};

/** Keys of one form, all holding the same. */
export interface Family {
  /** Pattern of the whole key. */
  readonly pattern: string;
  /** How messages show such a key: `labels.<name>`. */
  readonly shown: string;
  readonly field: Field<unknown>;
}

export interface ObjectOptions {
  /** Keys that are paths (`labels.team`). */
  readonly families?: readonly Family[];
  /** Says more than "unknown" about a key that is known elsewhere. */
  readonly explain?: (key: string) => string | null;
  /** More rules for the whole, said in JSON Schema and judged by the caller. */
  readonly extra?: JsonSchema;
}

/** A map with known keys; unknown ones are problems, with the nearest known one. */
export function object<F extends Fields>(fields: F, options: ObjectOptions = {}): Shape<Values<F>> {
  const shape = partialObject(fields, options);
  return {
    schema: shape.schema,
    read: (at, name, reader) => {
      const before = reader.problemCount;
      const values = shape.read(at, name, reader);
      return reader.problemCount === before ? (values as Values<F>) : undefined;
    },
  };
}

/** The same, but what is right is read even where something beside it is wrong, so that all of it can be judged at once. */
export function partialObject<F extends Fields>(fields: F, options: ObjectOptions = {}): Shape<Partial<Values<F>>> {
  const families = (options.families ?? []).map(({ pattern, field }) => ({ form: new RegExp(pattern, 'u'), field }));
  const fieldOf = (key: string): Field<unknown> | undefined =>
    Object.hasOwn(fields, key) ? fields[key] : families.find(({ form }) => form.test(key))?.field;
  return {
    schema: objectSchema(fields, options),
    read: (at, name, reader) => {
      if (!isMap(at.node)) return refuse(at, name, `a map with ${orList(Object.keys(fields))}`, reader);
      const seen = new Set<string>();
      const values = new Map<string, unknown>();
      for (const pair of at.node.items) {
        if (reader.isFull) break;
        const key = readKey(pair, at, seen, reader);
        if (key === null) continue;
        const field = fieldOf(key);
        if (field === undefined) refuseKey(key, keyOffset(pair, at), { name, fields, options }, reader);
        else values.set(key, field.shape.read(valueCursor(pair, at, reader), nameOf(name, key), reader));
      }
      for (const key of Object.keys(fields)) {
        if (!fields[key]!.needed || values.has(key)) continue;
        reader.report(at.offset, `${name} has no ${key}, expected ${fields[key]!.about}`);
      }
      return Object.fromEntries(values) as Partial<Values<F>>;
    },
  };
}

/** A map of names to values of one shape. */
export function record<T>(keyPattern: string, expected: string, values: Shape<T>): Shape<Readonly<Record<string, T>>> {
  const form = new RegExp(keyPattern, 'u');
  return {
    schema: { type: 'object', propertyNames: { pattern: keyPattern }, additionalProperties: values.schema },
    read: (at, name, reader) => {
      if (!isMap(at.node)) return refuse(at, name, expected, reader);
      const seen = new Set<string>();
      const entries: [string, T][] = [];
      let sound = true;
      for (const pair of at.node.items) {
        if (reader.isFull) break;
        const key = readKey(pair, at, seen, reader);
        if (key !== null && !form.test(key))
          reader.report(keyOffset(pair, at), `${quote(key)} is no name, ${expected}`);
        const value = values.read(valueCursor(pair, at, reader), nameOf(name, key ?? '?'), reader);
        if (key === null || !form.test(key) || value === undefined) sound = false;
        else entries.push([key, value]);
      }
      return sound ? Object.fromEntries(entries) : undefined;
    },
  };
}

export function list<T>(item: Shape<T>, expected: string, min = 0): Shape<readonly T[]> {
  return {
    schema: { type: 'array', items: item.schema, ...(min > 0 ? { minItems: min } : {}) },
    read: (at, name, reader) => {
      if (!isSeq(at.node) || at.node.items.length < min) {
        return refuse(at, isSeq(at.node) ? `${name} has too few: it` : name, expected, reader);
      }
      const items = at.node.items.map((node, index) =>
        reader.isFull ? undefined : item.read(reader.cursor(node, at.offset), `${name}[${index}]`, reader),
      );
      return items.every((value) => value !== undefined) ? (items as T[]) : undefined;
    },
  };
}

function nameOf(parent: string, key: string): string {
  // A rule's keys are what messages are about; deeper ones are told with their way.
  return parent.startsWith('the ') ? key : `${parent}.${key}`;
}

/** A key that is a name and stands there for the first time; null otherwise. */
function readKey(pair: Pair, at: Cursor, seen: Set<string>, reader: Reader): string | null {
  const key = reader.cursor(pair.key, at.offset).node;
  const name =
    isScalar(key) && key.value !== null && typeof key.value !== 'object' ? String(key.source ?? key.value) : null;
  if (name === null) reader.report(keyOffset(pair, at), 'a key is no plain text, expected a name');
  else if (seen.has(name))
    reader.report(keyOffset(pair, at), `${quote(name)} is written twice in one map, expected once`);
  if (name === null || seen.has(name)) return null;
  seen.add(name);
  return name;
}

function keyOffset(pair: Pair, at: Cursor): number {
  return isScalar(pair.key) ? (pair.key.range?.[0] ?? at.offset) : at.offset;
}

function valueCursor(pair: Pair, at: Cursor, reader: Reader): Cursor {
  return reader.cursor(pair.value, keyOffset(pair, at));
}

function refuseKey(
  key: string,
  offset: number,
  object: { readonly name: string; readonly fields: Fields; readonly options: ObjectOptions },
  reader: Reader,
): void {
  const known = [...Object.keys(object.fields), ...(object.options.families ?? []).map(({ shown }) => shown)];
  const near = nearest(key, known);
  const hint = near === null ? `expected ${orList(known)}` : `did you mean ${near}?`;
  reader.report(offset, object.options.explain?.(key) ?? `${object.name} has the unknown key ${quote(key)}, ${hint}`);
}

function objectSchema(fields: Fields, options: ObjectOptions): JsonSchema {
  const described = ([key, field]: [string, Field<unknown>]) => [key, describeSchema(field)] as const;
  const needed = Object.keys(fields).filter((key) => fields[key]!.needed);
  const families = (options.families ?? []).map(({ pattern, field }) => described([pattern, field]));
  return {
    type: 'object',
    properties: Object.fromEntries(Object.entries(fields).map(described)),
    ...(families.length > 0 ? { patternProperties: Object.fromEntries(families) } : {}),
    ...(needed.length > 0 ? { required: needed } : {}),
    additionalProperties: false,
    ...options.extra,
  };
}

/** Draft 7 ignores what stands beside a `$ref`, so the description goes around it. */
function describeSchema(field: Field<unknown>): JsonSchema {
  const { schema } = field.shape;
  return '$ref' in schema ? { description: field.about, allOf: [schema] } : { description: field.about, ...schema };
}
