import { rulesLoadedRecord, rulesRejectedRecord } from '../audit/lifecycle-records.ts';
import { SentinelError } from '../domain/errors.ts';
import type { CompiledRuleSet, RuleSet } from '../domain/rule.ts';
import { compileRules } from '../rules/compile.ts';
import { parseSources, type RuleSources, readSources } from '../rules/load.ts';
import type { RulesResult } from '../rules/parse.ts';
import { checkPartitioning, type PartitionedBy } from '../rules/partitioning.ts';
import { type Problem, problemText } from '../rules/problem.ts';
import { type RulesWatch, watchRules } from '../rules/watch.ts';
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
  #watch: RulesWatch | null = null;

  private constructor(options: RulesHolderOptions, sources: RuleSources, set: RuleSet) {
    this.#options = options;
    this.#sources = sources;
    this.#current = compileRules(set);
  }

  /** @throws SentinelError `rules_invalid` with all errors: there is no last good set yet. */
  static async open(options: RulesHolderOptions): Promise<RulesHolder> {
    const sources = await readSources([options.dir]);
    const result = await judged(parseSources(sources), options);
    if (result.status === 'invalid') {
      throw new SentinelError('rules_invalid', result.problems.map(problemText).join('\n'));
    }
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
        onChange: (result) => void this.#take(result),
      },
      this.#sources,
    );
  }

  /** Reads now (SIGHUP). */
  async reload(): Promise<void> {
    await this.#watch?.reload();
  }

  stop(): void {
    this.#watch?.stop();
  }

  async #take(read: RulesResult): Promise<void> {
    const { trail, now, onRejected, onLoaded } = this.#options;
    const result = await judged(read, this.#options);
    if (result.status === 'invalid') {
      const errors = result.problems.map(problemText);
      trail.write(rulesRejectedRecord(trail.next, now(), errors), null);
      onRejected(errors);
      return;
    }
    this.#current = compileRules(result.set);
    await onLoaded(this.#current);
    onRejected(null);
    this.#recordLoaded();
  }

  #recordLoaded(): void {
    const { trail, now, dir } = this.#options;
    trail.write(rulesLoadedRecord(trail.next, now(), this.#current.set, dir), null);
  }
}

/** A set that cannot be counted with these partitions is as bad as one that cannot be read. */
async function judged(result: RulesResult, options: RulesHolderOptions): Promise<RulesResult> {
  if (result.status === 'invalid') return result;
  const problems: readonly Problem[] = checkPartitioning(result.set, options.partitionedBy, await options.partitions());
  return problems.length === 0 ? result : { status: 'invalid', problems };
}
