import { rulesLoadedRecord, rulesRejectedRecord } from '../audit/lifecycle-records.ts';
import { messageOf, SentinelError } from '../domain/errors.ts';
import type { CompiledRuleSet, RuleSet } from '../domain/rule.ts';
import { compileRules } from '../rules/compile.ts';
import { parseSources, type RuleSources, readSources } from '../rules/load.ts';
import type { RulesResult } from '../rules/parse.ts';
import { checkPartitioning, type PartitionedBy } from '../rules/partitioning.ts';
import { type Problem, problemText } from '../rules/problem.ts';
import { type RulesWatch, watchRules } from '../rules/watch.ts';
import { Serial } from './serial.ts';
import type { Trail } from './trail.ts';

export interface RulesHolderOptions {
  readonly dir: string;
  readonly partitionedBy: PartitionedBy;
  readonly partitions: () => Promise<number>;
  readonly trail: Trail;
  readonly now: () => number;
  /** The new set is in force when this resolves. */
  readonly onLoaded: (rules: CompiledRuleSet) => Promise<void>;
  /** null: the folder holds what is in force. */
  readonly onRejected: (errors: readonly string[] | null) => void;
}

/** The rule set in force: the last good one. A bad set changes nothing, and is told everywhere. */
export class RulesHolder {
  readonly #options: RulesHolderOptions;
  readonly #sources: RuleSources;
  #current: CompiledRuleSet;
  /** One set after the other, in the order in which they were read. */
  readonly #taking = new Serial();
  #watch: RulesWatch | null = null;

  private constructor(options: RulesHolderOptions, sources: RuleSources, set: RuleSet) {
    this.#options = options;
    this.#sources = sources;
    this.#current = compileRules(set);
  }

  /** @throws SentinelError `rules_invalid` with all errors: there is no last good set yet. */
  static async open(options: RulesHolderOptions): Promise<RulesHolder> {
    const sources = await readSources([options.dir]);
    const result = await judged(await parseSources(sources), options);
    throwIfInvalid(result);
    const holder = new RulesHolder(options, sources, result.set);
    holder.#recordLoaded();
    return holder;
  }

  get current(): CompiledRuleSet {
    return this.#current;
  }

  /** Follows the folder from now on. */
  watch(): void {
    this.#watch = watchRules(
      {
        paths: [this.#options.dir],
        later: (ms, run) => {
          const timer = setTimeout(run, ms);
          return () => clearTimeout(timer);
        },
        onChange: (result) => void this.#taking.run(() => this.#take(result)),
      },
      this.#sources,
    );
  }

  /** Reads now (SIGHUP). Resolves when what was read is in force or refused. */
  async reload(): Promise<void> {
    await this.#watch?.reload();
    await this.#taking.run(async () => {});
  }

  stop(): void {
    this.#watch?.stop();
  }

  async #take(read: RulesResult): Promise<void> {
    const { onRejected, onLoaded } = this.#options;
    try {
      const result = await judged(read, this.#options);
      if (result.status === 'invalid') return this.#reject(result.problems.map(problemText));
      const rules = compileRules(result.set);
      await onLoaded(rules);
      this.#current = rules;
      onRejected(null);
      this.#recordLoaded();
    } catch (error) {
      this.#reject([messageOf(error)]);
    }
  }

  #reject(errors: readonly string[]): void {
    const { trail, now, onRejected } = this.#options;
    trail.write(rulesRejectedRecord(trail.next, now(), errors), null);
    onRejected(errors);
  }

  #recordLoaded(): void {
    const { trail, now, dir } = this.#options;
    trail.write(rulesLoadedRecord(trail.next, now(), this.#current.set, dir), null);
  }
}

/** @throws SentinelError `rules_invalid` with all errors. Without asking how many partitions there are. */
export async function checkRules(dir: string): Promise<void> {
  throwIfInvalid(await parseSources(await readSources([dir])));
}

function throwIfInvalid(result: RulesResult): asserts result is RulesResult & { readonly status: 'valid' } {
  if (result.status === 'invalid')
    throw new SentinelError('rules_invalid', result.problems.map(problemText).join('\n'));
}

/** A set that cannot be counted with these partitions is as bad as one that cannot be read. */
async function judged(result: RulesResult, options: RulesHolderOptions): Promise<RulesResult> {
  if (result.status === 'invalid') return result;
  const problems: readonly Problem[] = checkPartitioning(result.set, options.partitionedBy, await options.partitions());
  return problems.length === 0 ? result : { status: 'invalid', problems };
}
