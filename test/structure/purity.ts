/**
 * engine/ and responder/ are pure: the same input gives the same output, on every machine and on every day.
 * So they may reach for no clock, randomness, timer, logger, network or locale, nor for a library that might.
 */
import { bareCode, lineOf } from './bare-code.ts';
import { importsOf } from './imports.ts';
import { folderOf, type SourceFile } from './tree.ts';

const PURE_FOLDERS: readonly string[] = ['engine', 'responder'];
const PURE_LIBRARIES: readonly string[] = ['@node-rs/crc32', 'simple-statistics'];

const IMPURE_GLOBALS = [
  ...['process', 'console', 'performance', 'crypto', 'fetch', 'globalThis', 'global', 'navigator', 'Intl'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'WebSocket', 'EventSource', 'BroadcastChannel'],
  ...['WeakRef', 'FinalizationRegistry', 'eval', 'Function', 'require'],
];

/** A name that is no member of something else; `...name` is a spread and counts. */
const asGlobal = (name: string): string => `(?<![\\w$])(?<!(?<!\\.)\\.\\s*)${name}(?![\\w$])`;

const FORBIDDEN: readonly RegExp[] = [
  new RegExp(asGlobal(`(?:${IMPURE_GLOBALS.join('|')})`), 'g'),
  /\bDate\s*\.\s*now\b/g,
  /\bnew\s+Date\s*(?:\(\s*\)|(?!\s*\())/g,
  /(?<!new\s)(?<![\w$.])Date\s*\(/g,
  /\bMath\s*\.\s*random\b/g,
  /\.\s*(?:localeCompare|toLocale\w*)\b/g,
  /\bimport\s*\.\s*meta\b/g,
];

export function purityViolations(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => PURE_FOLDERS.includes(folderOf(path)))
    .flatMap((file) => [...impureImports(file), ...impureCode(file)]);
}

function impureImports({ path, text }: SourceFile): string[] {
  return importsOf(text)
    .filter(({ specifier }) => !specifier.startsWith('.') && !PURE_LIBRARIES.includes(specifier))
    .map(({ specifier, line }) => `${path}:${line}: imports ${specifier}`);
}

function impureCode({ path, text }: SourceFile): string[] {
  const code = bareCode(text);
  return FORBIDDEN.flatMap((pattern) =>
    [...code.matchAll(pattern)].map((match) => `${path}:${lineOf(code, match.index)}: uses ${match[0].trim()}`),
  );
}
