import { readFileSync } from 'node:fs';
import { type Document, isMap, isScalar, parseDocument } from 'yaml';
import { messageOf, SentinelError } from '../../domain/errors.ts';
import { problemAt } from '../../rules/parse.ts';
import { type Problem, problemText, sortProblems } from '../../rules/problem.ts';
import { type Cursor, Reader } from '../../rules/reader.ts';
import type { Config } from './config.ts';
import { judge, judgeFiles } from './judge.ts';
import { mergeDefaults } from './merge.ts';
import { configShape, type FileConfig } from './shape.ts';

/** Where a setting may come from besides the file. Flags win over the environment. */
export interface ConfigSources {
  /** Path of the file; undefined: `sentinel.yaml` where it exists. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What the command line said; `path` is the dotted path of the setting: `http.port`. */
  readonly flags?: readonly { readonly flag: string; readonly path: string; readonly text: string | undefined }[];
  /** Whether the files that a setting names are judged too: for who starts the daemon, or asks whether it would. */
  readonly withFiles?: boolean;
}

export const DEFAULT_FILE = 'sentinel.yaml';

/** Environment variables and the settings that they set. */
export const ENVIRONMENT: Readonly<Record<string, string>> = {
  KAFKA_BROKERS: 'kafka.brokers',
  REDIS_URL: 'redis.url',
  SENTINEL_DIR: 'embedded.dir',
  SENTINEL_RULES: 'rules.dir',
  SENTINEL_SIMULATE: 'responder.simulate',
  SENTINEL_HTTP_PORT: 'http.port',
  SENTINEL_LOG_LEVEL: 'log.level',
};

/** Settings that are lists: written with commas where there is only one line of text. */
const LISTS = new Set(['kafka.brokers']);

export type ConfigResult =
  | { readonly status: 'valid'; readonly config: Config /** null: there is none */; readonly file: string | null }
  | { readonly status: 'invalid'; readonly problems: readonly Problem[] };

/**
 * Flags over environment over file over defaults.
 * @throws SentinelError `config_invalid` with every problem, each with its place.
 */
export function loadConfig(sources: ConfigSources): Config {
  const result = checkConfig(sources);
  if (result.status === 'valid') return result.config;
  throw new SentinelError('config_invalid', result.problems.map(problemText).join('\n'));
}

/** As {@link loadConfig}; never throws: what is wrong is in the answer, all of it, each with its place. */
export function checkConfig(sources: ConfigSources): ConfigResult {
  const empty = emptyFlags(sources);
  if (empty.length > 0) return { status: 'invalid', problems: empty };
  const file = readFile(sources.file);
  if (file !== null && 'message' in file) return { status: 'invalid', problems: [file] };
  const overrides = overridesOf(sources);
  const written = file === null ? null : readConfig(file.name, file.text);
  const problems: Problem[] = [...(written?.reader.problems ?? [])];
  const merged = overrides.length === 0 ? undefined : override(file, overrides, problems);
  const config = merged ?? written?.config ?? ({} as FileConfig);
  const judgements = [...judge(config), ...(sources.withFiles === true ? judgeFiles(config) : [])];
  problems.push(...judgements.map(({ path, message }) => ({ ...placeOf(path, written, overrides), message })));
  if (problems.length > 0) return { status: 'invalid', problems: withoutRepeats(sortProblems(problems)) };
  return { status: 'valid', config: mergeDefaults(config), file: file?.name ?? null };
}

/** Where a setting was said: by the last that overrides it, in the file, or by what overrides a part of it. */
function placeOf(path: string, written: Written | null, overrides: readonly Override[]): Omit<Problem, 'message'> {
  const by =
    overrides.findLast((one) => one.path === path) ?? overrides.findLast((one) => one.path.startsWith(`${path}.`));
  const at = written?.root == null ? null : written.reader.locate(written.root, path.split('.'));
  const isWritten = at !== null && at !== written?.root;
  const overridden = by !== undefined && (by.path === path || !isWritten);
  if (overridden) return { file: by.source, line: 1, column: 1 };
  if (written === null) return { file: 'configuration', line: 1, column: 1 };
  return { file: written.reader.file, ...written.reader.place(isWritten ? at.offset : 0) };
}

function withoutRepeats(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((problem) => [problemText(problem), problem])).values()];
}

interface Override {
  readonly path: string;
  readonly source: string;
  readonly text: string;
}

/** A variable may be set to nothing; a flag that is had something in mind, as in `--redis-url "$UNSET"`. */
function emptyFlags({ file, flags = [] }: ConfigSources): readonly Problem[] {
  const empty = [{ flag: '--config', text: file }, ...flags].filter(({ text }) => text?.trim() === '');
  return empty.map(({ flag }) =>
    problemAt(flag, 'the value is empty, expected one: set the variable that it comes from, or leave the flag out'),
  );
}

function overridesOf({ env, flags = [] }: ConfigSources): Override[] {
  const fromEnv = Object.entries(ENVIRONMENT).map(([name, path]) => ({ path, source: name, text: env[name] }));
  const fromFlags = flags.map(({ flag, path, text }) => ({ path, source: flag, text }));
  return [...fromEnv, ...fromFlags].filter((one): one is Override => one.text !== undefined && one.text !== '');
}

function readFile(path: string | undefined): { name: string; text: string } | Problem | null {
  const name = path ?? DEFAULT_FILE;
  try {
    return { name, text: readFileSync(name, 'utf8') };
  } catch (error) {
    if (path === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    return problemAt(name, `the file cannot be read (${messageOf(error)}), expected a YAML file`);
  }
}

/** A file, or what stands for one, as it was read. */
interface Written {
  readonly reader: Reader;
  readonly root: Cursor | null;
  /** undefined: not sound. */
  readonly config: FileConfig | undefined;
}

function readConfig(name: string, text: string): Written {
  const reader = new Reader(name, text, 'settings');
  const root = reader.root();
  const config = root === null ? {} : configShape.read(root, 'the configuration', reader);
  return { reader, root, config: config as FileConfig | undefined };
}

/** Lays the overrides over the file's own document, so that one shape judges all, and names the source of what is wrong. */
function override(
  file: { text: string } | null,
  overrides: readonly Override[],
  problems: Problem[],
): FileConfig | undefined {
  const document: Document = parseDocument(file?.text ?? '{}');
  if (document.errors.length > 0) return undefined;
  if (!isMap(document.contents)) document.contents = document.createNode({});
  for (const one of overrides) {
    lay(document, one);
    const alone = parseDocument('{}');
    lay(alone, one);
    if (needsWhole(one.path)) continue;
    const { reader } = readConfig(one.source, alone.toString());
    problems.push(...reader.problems.map((problem) => ({ ...problem, line: 1, column: 1 })));
  }
  return readConfig('configuration', document.toString()).config;
}

/** Settings beside which others are required can only be judged in their section; these are whole by themselves. */
function needsWhole(path: string): boolean {
  return path.startsWith('kafka.') && path !== 'kafka.brokers';
}

function lay(document: Document, { path, text }: Override): void {
  const keys = path.split('.');
  const section = document.get(keys[0]!);
  if (keys.length > 1 && !isMap(section)) document.set(keys[0]!, document.createNode({}));
  document.setIn(keys, LISTS.has(path) ? document.createNode(text.split(',').map((one) => one.trim())) : scalar(text));
}

function scalar(text: string): unknown {
  const { contents } = parseDocument(text);
  return isScalar(contents) && typeof contents.value !== 'object' ? contents.value : text;
}
