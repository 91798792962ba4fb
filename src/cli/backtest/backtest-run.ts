import type { Readable } from 'node:stream';
import type { AuditFacts } from '../../domain/audit-record.ts';
import type { RuleSet } from '../../domain/rule.ts';
import type { Step } from '../../domain/step.ts';
import type { EventLog } from '../../ports/event-log.ts';
import { Backtest, type TimeSpan } from '../../rehearsal/backtest.ts';
import { blindRules } from '../../rehearsal/blind-rules.ts';
import { Difference } from '../../rehearsal/difference.ts';
import { Feed } from '../../rehearsal/feed.ts';
import { Intake } from '../../rehearsal/intake.ts';
import type { RehearsalSettings } from '../../rehearsal/rehearsed-partition.ts';
import { readSource } from '../../rehearsal/sources.ts';
import { Summary } from '../../rehearsal/summary.ts';
import type { ExitCode, Terminal } from '../output.ts';
import type { BacktestCommandOptions } from './backtest-options.ts';
import { JsonLines } from './json-lines.ts';
import { Progress } from './progress.ts';
import { blindRulesText } from './show-blind-rules.ts';
import { differenceTable } from './show-difference.ts';
import { intakeText } from './show-intake.ts';
import { summaryTable } from './show-summary.ts';

/** One run of the command: reads, writes what would have been, and says what was no event. */
export class BacktestRun {
  readonly #terminal: Terminal;
  readonly #json: boolean;
  readonly #rules: RuleSet;
  readonly #first: Backtest;
  readonly #summary: Summary;
  /** null: there is one rule set. */
  readonly #difference: Difference | null;
  readonly #intake = new Intake();
  readonly #feed: Feed;
  readonly #lines: JsonLines;
  readonly #progress: Progress;

  constructor(
    terminal: Terminal,
    options: BacktestCommandOptions,
    settings: RehearsalSettings,
    rules: RuleSet,
    against: RuleSet | null,
  ) {
    const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = options;
    const span: TimeSpan = { from, to };
    const difference = against === null ? null : new Difference();
    this.#terminal = terminal;
    this.#rules = rules;
    this.#json = options.output === 'json';
    this.#summary = new Summary(rules, settings.responder);
    this.#difference = difference;
    this.#lines = new JsonLines(terminal.out);
    this.#progress = new Progress(terminal, this.#intake);
    this.#first = new Backtest(rules, settings, span, (step, record) => this.#hear(step, record));
    const second =
      against === null ? [] : [new Backtest(against, settings, span, (step) => difference?.add('against', step))];
    this.#feed = new Feed([this.#first, ...second], this.#intake);
  }

  async files(names: readonly string[]): Promise<ExitCode> {
    for (const name of names) {
      const cutter = this.#feed.source(name);
      for await (const chunk of readSource(name, () => stdinOf(this.#terminal))) {
        cutter.push(chunk);
        this.#afterBytes(chunk.length);
      }
      cutter.end();
    }
    return this.#end();
  }

  async log(log: Pick<EventLog, 'readAll'>, topic: string): Promise<ExitCode> {
    await log.readAll(topic, (record) => {
      this.#feed.record(record);
      this.#afterBytes(record.value?.length ?? 0);
    });
    return this.#end();
  }

  #hear(step: Step, record: () => AuditFacts | null): void {
    this.#summary.add(step);
    this.#difference?.add('rules', step);
    const facts = this.#json && this.#difference === null ? record() : null;
    if (facts !== null) this.#lines.write(facts);
  }

  #afterBytes(bytes: number): void {
    this.#lines.flushWhenLarge();
    this.#progress.read(bytes);
  }

  #end(): ExitCode {
    this.#feed.end();
    this.#progress.end();
    this.#show();
    this.#terminal.err(intakeText(this.#intake, this.#first, this.#progress.elapsedMs));
    const { tools } = this.#first;
    this.#terminal.err(blindRulesText(blindRules(this.#rules, tools), tools));
    return this.#intake.taken + this.#intake.outside + this.#intake.known > 0 ? 0 : 1;
  }

  #show(): void {
    const difference = this.#difference;
    if (!this.#json)
      this.#terminal.out(difference === null ? summaryTable(this.#summary) : differenceTable(difference));
    else for (const compared of difference?.all ?? []) this.#lines.write(compared);
    this.#lines.flush();
  }
}

function stdinOf({ stdin }: Terminal): Readable {
  return stdin?.() ?? process.stdin;
}
