import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { messageOf } from '../domain/errors.ts';
import {
  joinFiles,
  MAX_FILE_BYTES,
  type ParsedFile,
  parseFile,
  problemAt,
  type RuleFile,
  type RulesResult,
} from './parse.ts';
import { type Problem, sortProblems } from './problem.ts';

/** What stood in the given files and folders at one moment. */
export interface RuleSources {
  readonly files: readonly RuleFile[];
  /** What could not be read. */
  readonly problems: readonly Problem[];
  /** Of names, contents and problems: the same where nothing changed. */
  readonly digest: string;
}

/** A folder that holds more is not a folder of rules. */
const MAX_FILES = 1_000;
const MAX_ENTRIES = 20_000;
const MAX_DEPTH = 8;

const NOT_THERE =
  'there is no such file or folder, expected rules: name their folder with --rules, SENTINEL_RULES or rules.dir';

/** Reads files and folders (`*.yaml`, `*.yml`, deep, without `*.test.yaml` and hidden ones) into one set. */
export async function loadRules(paths: readonly string[]): Promise<RulesResult> {
  return parseSources(await readSources(paths));
}

/** Where something could not be read nothing is valid: half a set would be another set. */
export async function parseSources({ files, problems }: RuleSources): Promise<RulesResult> {
  const read: ParsedFile[] = [];
  for (const file of files) {
    // Between two files the daemon has better things to do.
    await turn();
    read.push(parseFile(file));
  }
  const parsed = joinFiles(read);
  if (problems.length === 0) return parsed;
  const others = parsed.status === 'invalid' ? parsed.problems : [];
  return { status: 'invalid', problems: sortProblems([...problems, ...others]) };
}

/** Never throws: what cannot be read is a problem. Files come in the order of their names. */
export async function readSources(paths: readonly string[]): Promise<RuleSources> {
  const walk = new Walk();
  for (const path of paths) await walk.start(path);
  const files: RuleFile[] = [];
  for (const name of [...walk.found].sort()) {
    const content = await read(name);
    if ('message' in content) walk.problems.push(content);
    else files.push({ name, content: content.bytes });
  }
  return { files, problems: walk.problems, digest: digestOf(files, walk.problems) };
}

async function read(name: string): Promise<{ readonly bytes: Uint8Array } | Problem> {
  try {
    const { size } = await stat(name);
    if (size > MAX_FILE_BYTES) return problemAt(name, tooLarge(size));
    return { bytes: await readFile(name) };
  } catch (error) {
    return problemAt(name, `the file cannot be read (${messageOf(error)}), expected a readable rules file`);
  }
}

function tooLarge(size: number): string {
  return `the file has ${size} bytes, expected at most ${MAX_FILE_BYTES}: split it`;
}

function digestOf(files: readonly RuleFile[], problems: readonly Problem[]): string {
  const hash = createHash('sha256');
  for (const { name, content } of files) hash.update(`${name}\n${content.length}\n`).update(content);
  for (const { file, message } of problems) hash.update(`${file}\n${message}\n`);
  return hash.digest('hex');
}

/** Finds rules files, within bounds: a folder may be the wrong one, or hold itself. */
class Walk {
  readonly found = new Set<string>();
  readonly problems: Problem[] = [];
  #entries = 0;
  /** Rules files that folders held, those too that were found before. */
  #met = 0;

  /** A path that was named: a folder, or a file whatever it is called. */
  async start(path: string): Promise<void> {
    const stats = await statOf(path);
    if (stats === null) this.problems.push(problemAt(path, NOT_THERE));
    else if (stats.isFile()) this.found.add(path);
    else if (stats.isDirectory()) await this.#root(path);
    else this.problems.push(problemAt(path, 'this is neither file nor folder, expected rules'));
  }

  /** A folder without any rules file is a wrong path, or one in the middle of a swap. */
  async #root(path: string): Promise<void> {
    const before = this.#met + this.problems.length;
    await this.#folder(path, []);
    if (this.#met + this.problems.length > before) return;
    this.problems.push(problemAt(path, 'the folder has no rules, expected at least one *.yaml (groups: [] for none)'));
  }

  /** @param above real paths of the folders on the way here: a link back to one of them is not followed. */
  async #folder(path: string, above: readonly string[]): Promise<void> {
    let names: readonly string[];
    let real: string;
    try {
      real = await realpath(path);
      names = await readdir(path);
    } catch (error) {
      this.problems.push(problemAt(path, `the folder cannot be read (${messageOf(error)}), expected rules`));
      return;
    }
    if (above.includes(real) || above.length >= MAX_DEPTH) return;
    for (const name of [...names].sort()) await this.#entry(join(path, name), name, [...above, real]);
  }

  /** Hidden entries are left out: a mounted ConfigMap keeps its versions in them, beside links to the newest. */
  async #entry(path: string, name: string, above: readonly string[]): Promise<void> {
    if (name.startsWith('.') || this.#isFull(above[0] ?? path)) return;
    const stats = await statOf(path);
    if (stats?.isDirectory()) await this.#folder(path, above);
    else if (isRuleFile(name) && (stats === null || stats.isFile())) this.#meet(path);
  }

  #meet(path: string): void {
    this.#met++;
    this.found.add(path);
  }

  #isFull(root: string): boolean {
    if (++this.#entries <= MAX_ENTRIES && this.found.size < MAX_FILES) return false;
    const bounds = `more than ${MAX_FILES} rules files or ${MAX_ENTRIES} entries`;
    const problem = problemAt(root, `the folder has ${bounds}, expected a folder of rules`);
    if (!this.problems.some(({ message }) => message === problem.message)) this.problems.push(problem);
    return true;
  }
}

function isRuleFile(name: string): boolean {
  return /\.ya?ml$/.test(name) && !/\.test\.ya?ml$/.test(name);
}

async function statOf(path: string): Promise<Stats | null> {
  return stat(path).catch(() => null);
}
