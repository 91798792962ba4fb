import { readFileSync } from 'node:fs';
import { type Document, isMap, isScalar, parseDocument } from 'yaml';
import { messageOf, SentinelError } from '../../domain/errors.ts';
import { problemAt } from '../../rules/parse.ts';
import { type Problem, problemText, sortProblems } from '../../rules/problem.ts';
import { Reader } from '../../rules/reader.ts';
import type { Config } from './config.ts';
import { mergeDefaults } from './merge.ts';
import { configShape, type FileConfig } from './shape.ts';

/** Where a setting may come from besides the file. Flags win over the environment. */
export interface ConfigSources {
  /** Path of the file; undefined: `sentinel.yaml` where it exists. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What the command line said; `path` is the dotted path of the setting: `http.port`. */
  readonly flags?: readonly { readonly flag: string; readonly path: string; readonly text: string | undefined }[];
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
  const file = readFile(sources.file);
  if (file !== null && 'message' in file) return { status: 'invalid', problems: [file] };
  const overrides = overridesOf(sources);
  const problems: Problem[] = [];
  const written = file === null ? undefined : readConfig(file.name, file.text, problems);
  const merged = overrides.length === 0 ? written : override(file, overrides, problems);
  const config = merged ?? written ?? {};
  problems.push(...wholeness(config as FileConfig, file?.name ?? 'configuration'));
  if (problems.length > 0) return { status: 'invalid', problems: withoutRepeats(sortProblems(problems)) };
  return { status: 'valid', config: mergeDefaults(config as FileConfig), file: file?.name ?? null };
}

function withoutRepeats(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((problem) => [problemText(problem), problem])).values()];
}

interface Override {
  readonly path: string;
  readonly source: string;
  readonly text: string;
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

function readConfig(name: string, text: string, problems: Problem[]): FileConfig | undefined {
  const reader = new Reader(name, text, 'settings');
  const root = reader.root();
  const value = root === null ? {} : configShape.read(root, 'the configuration', reader);
  problems.push(...reader.problems);
  return value as FileConfig | undefined;
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
    const found: Problem[] = [];
    readConfig(one.source, alone.toString(), found);
    problems.push(...found.map((problem) => ({ ...problem, line: 1, column: 1 })));
  }
  return readConfig('configuration', document.toString(), []);
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

/** Nobody reads a store that was embedded by accident. */
function wholeness(config: FileConfig, where: string): Problem[] {
  const given = (section: unknown): boolean => typeof section === 'object';
  const missing = (has: string, lacks: string, setting: string): Problem[] => [
    {
      file: where,
      line: 1,
      column: 1,
      message: `${has} is configured and ${lacks} is not: set ${setting}, or say "${lacks.toLowerCase()}: embedded" if that is meant`,
    },
  ];
  if (given(config.kafka) && config.redis === undefined) return missing('Kafka', 'Redis', 'redis.url (REDIS_URL)');
  if (given(config.redis) && config.kafka === undefined)
    return missing('Redis', 'Kafka', 'kafka.brokers (KAFKA_BROKERS)');
  return [];
}
