import { isMap, isScalar, isSeq } from 'yaml';
import type { Cursor, Reader } from '../reader.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * What a value must look like, told once: it reads the value out of a file, reports every way in which it is wrong, and
 * says the same as JSON Schema for editors.
 */
export interface Shape<T> {
  readonly schema: JsonSchema;
  /** @returns undefined when the value is wrong; then a problem was reported. `name` is what messages call it. */
  readonly read: (at: Cursor, name: string, reader: Reader) => T | undefined;
}

export type Read<S> = S extends Shape<infer T> ? T : never;

/** Reports that a value is not what was expected. */
export function refuse(at: Cursor, name: string, expected: string, reader: Reader): undefined {
  reader.report(at.offset, `${name} is ${describe(at)}, expected ${expected}`);
  return undefined;
}

/** What stands there, as short as a message needs it. */
export function describe(at: Cursor): string {
  if (isMap(at.node)) return 'a map';
  if (isSeq(at.node)) return 'a list';
  if (!isScalar(at.node) || at.node.value === null) return 'empty';
  return typeof at.node.value === 'string' ? quote(at.node.value) : quote(at.node.source ?? String(at.node.value), '');
}

export function quote(text: string, mark = '"'): string {
  const line = text.replace(/\p{Cc}+/gu, ' ');
  return `${mark}${line.length > 60 ? `${line.slice(0, 57)}...` : line}${mark}`;
}

/** The same shape, read as something else; undefined where `make` has reported a problem. */
export function mapped<T, U>(
  shape: Shape<T>,
  make: (value: T, at: Cursor, reader: Reader, name: string) => U | undefined,
): Shape<U> {
  return {
    schema: shape.schema,
    read: (at, name, reader) => {
      const value = shape.read(at, name, reader);
      return value === undefined ? undefined : make(value, at, reader, name);
    },
  };
}

/** A shape that the JSON Schema tells once and refers to from everywhere. */
export function referred<T>(definition: string, shape: Shape<T>): Shape<T> {
  return { ...shape, schema: { $ref: `#/definitions/${definition}` } };
}
