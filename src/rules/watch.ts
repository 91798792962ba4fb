import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { parseSources, type RuleSources, readSources } from './load.ts';
import type { RulesResult } from './parse.ts';

/** Calls back once, later; the answer takes it back. Time is the caller's. */
export type Later = (ms: number, run: () => void) => () => void;

export interface WatchOptions {
  /** Files and folders, as {@link loadRules} takes them. */
  readonly paths: readonly string[];
  readonly later: Later;
  /** A change counts when two readings this far apart agree: half a file, or half of a swap, is no rule set. ms */
  readonly settleMs?: number;
  /** How often everything is read whatever the file system told, ms. Notices of it are only hints. */
  readonly pollMs?: number;
  /** A set that differs from the one before, or what is wrong with it. Keeping the last good set is the caller's. */
  readonly onChange: (result: RulesResult) => void;
}

export interface RulesWatch {
  /** Reads now, and reports even what did not change (SIGHUP). */
  reload(): Promise<RulesResult>;
  /** Idempotent; nothing is reported after it. */
  stop(): void;
}

const SETTLE_MS = 200;
const POLL_MS = 3_000;

/** Follows rules on disk: contents decide, so that swapped links, vanished folders and lost notices are all alike. */
export function watchRules(options: WatchOptions, loaded: RuleSources): RulesWatch {
  return new Watching(options, loaded.digest);
}

class Watching implements RulesWatch {
  readonly #options: WatchOptions;
  readonly #hints = new Map<string, { readonly watcher: FSWatcher; readonly inode: number }>();
  #reported: string;
  /** What was read last and waits to be read the same again. */
  #unsettled: string | null = null;
  /** True while the next look is near: a folder that changes all the time must not put it off for ever. */
  #soon = false;
  #cancel: () => void = () => {};
  #reading: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor(options: WatchOptions, digest: string) {
    this.#options = options;
    this.#reported = digest;
    this.#lookSoon();
  }

  async reload(): Promise<RulesResult> {
    return this.#alone(async () => this.#report(await readSources(this.#options.paths)));
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
    for (const { watcher } of this.#hints.values()) watcher.close();
    this.#hints.clear();
  }

  /** Reads, and reports when the same was read twice. */
  async #look(): Promise<void> {
    this.#soon = false;
    await this.#listen();
    const sources = await readSources(this.#options.paths);
    if (sources.digest === this.#reported) return this.#settled();
    if (sources.digest !== this.#unsettled) {
      this.#unsettled = sources.digest;
      return this.#lookSoon();
    }
    await this.#report(sources);
    this.#settled();
  }

  #settled(): void {
    this.#unsettled = null;
    if (!this.#soon) this.#lookIn(this.#options.pollMs ?? POLL_MS);
  }

  async #report(sources: RuleSources): Promise<RulesResult> {
    const result = await parseSources(sources);
    this.#reported = sources.digest;
    if (!this.#stopped) this.#options.onChange(result);
    return result;
  }

  #lookSoon(): void {
    if (this.#soon) return;
    this.#soon = true;
    this.#lookIn(this.#options.settleMs ?? SETTLE_MS);
  }

  #lookIn(ms: number): void {
    this.#cancel();
    if (this.#stopped) return;
    this.#cancel = this.#options.later(ms, () => void this.#alone(() => this.#look()));
  }

  /** One reading at a time. */
  #alone<T>(read: () => Promise<T>): Promise<T> {
    const done = this.#reading.then(read);
    this.#reading = done.catch(() => undefined);
    return done;
  }

  /** Asks for notices of each path; again where it has become another folder. Without notices the poll suffices. */
  async #listen(): Promise<void> {
    for (const path of this.#options.paths) {
      const inode = await stat(path).then(
        (stats) => stats.ino,
        () => 0,
      );
      if (this.#stopped || this.#hints.get(path)?.inode === inode) continue;
      this.#forget(path);
      if (inode !== 0) this.#hint(path, inode);
    }
  }

  #hint(path: string, inode: number): void {
    try {
      const watcher = watch(path, { persistent: false }, () => this.#lookSoon());
      watcher.on('error', () => this.#forget(path));
      this.#hints.set(path, { watcher, inode });
    } catch {
      this.#forget(path);
    }
  }

  #forget(path: string): void {
    this.#hints.get(path)?.watcher.close();
    this.#hints.delete(path);
  }
}
