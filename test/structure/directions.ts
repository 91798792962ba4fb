/**
 * Who may import whom. Imports point one way: a folder may use itself and every layer below its own; folders of one
 * layer do not know each other. Type imports count like any other: a type is a dependency too.
 */
import { posix } from 'node:path';
import { type Import, importsOf } from './imports.ts';
import { folderOf, type SourceFile } from './tree.ts';

/** From the bottom to the top. */
export const LAYERS: readonly (readonly string[])[] = [
  ['domain'],
  ['ports'], // interfaces only, so those beside it in the design may name them
  ['rules', 'engine', 'responder', 'audit'],
  ['killswitch'],
  ['guard', 'rehearsal'], // the guard uses killswitch's reading side
  ['adapters'],
  ['http'],
  ['daemon'], // wires everything, the HTTP app too
  ['cli'],
];

/** The pure parts are fed and asked; they see nothing but the nouns. */
const ONLY_DOMAIN: readonly string[] = ['engine', 'responder'];

/** What an embedder gets may come from everywhere but the command line. */
const PUBLIC_ENTRY = 'src/index.ts';

/**
 * The guard's composition root: given `{redis: url}` or `{embedded: dir}` it has to open that store, and a library
 * has nobody above it to do so. Only dynamic imports, so that a guard loads the one client library that it needs.
 */
const GUARD_ENTRY = 'src/guard/index.ts';

/** Client libraries, and the one folder that may know them. */
const CLIENT_LIBRARIES: readonly string[] = ['kafkajs', 'ioredis', 'lmdb'];

export function directionViolations(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) =>
    importsOf(text).flatMap((imported) => {
      const wrong = isRelative(imported.specifier) ? wrongOfOurs(path, imported) : wrongLibrary(path, imported);
      return wrong === undefined ? [] : [`${path}:${imported.line}: ${wrong}`];
    }),
  );
}

function wrongOfOurs(path: string, { kind, specifier }: Import): string | undefined {
  if (!/\.(?:ts|json)$/.test(specifier)) return `${specifier} needs the extension .ts`;
  const target = posix.join(posix.dirname(path), specifier);
  if (!target.startsWith('src/')) return target === 'package.json' ? undefined : `${specifier} leaves src/`;
  const [from, to] = [folderOf(path), folderOf(target)];
  if (path === PUBLIC_ENTRY) return to === 'cli' ? 'the public entry may not import cli' : undefined;
  if (path === GUARD_ENTRY && to === 'adapters' && kind === 'dynamic') return undefined;
  if (from === to || mayImport(from, to)) return undefined;
  return `${from || path} may not import ${to || specifier}`;
}

function mayImport(from: string, to: string): boolean {
  if (ONLY_DOMAIN.includes(from)) return to === 'domain';
  return to !== '' && layerOf(to) >= 0 && layerOf(to) < layerOf(from);
}

function layerOf(folder: string): number {
  return LAYERS.findIndex((layer) => layer.includes(folder));
}

function wrongLibrary(path: string, { specifier }: Import): string | undefined {
  if (specifier === '') return 'a computed import cannot be checked';
  const library = CLIENT_LIBRARIES.find((name) => specifier === name || specifier.startsWith(`${name}/`));
  if (library === undefined || folderOf(path) === 'adapters') return undefined;
  return `only adapters may import ${library}`;
}

const isRelative = (specifier: string): boolean => specifier.startsWith('.');

/**
 * The libraries that a file brings with it when it is loaded: its own static imports and those of every file of ours
 * that it imports statically. Type imports are erased, dynamic ones wait.
 */
export function librariesLoadedBy(start: string, files: readonly SourceFile[]): Set<string> {
  const texts = new Map(files.map(({ path, text }) => [path, text]));
  const libraries = new Set<string>();
  const seen = new Set<string>();
  const waiting = [start];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    for (const { kind, specifier } of importsOf(texts.get(path) ?? '')) {
      if (kind !== 'static') continue;
      if (isRelative(specifier)) waiting.push(posix.join(posix.dirname(path), specifier));
      else libraries.add(specifier);
    }
  }
  return libraries;
}
