import type { CompiledRule, Rule } from '../domain/rule.ts';
import type { Scope } from '../domain/scope.ts';
import { fenceTargets } from './fence-targets.ts';
import { sortFrom } from './order.ts';
import type { SnapshotReader, SnapshotWriter } from './parts.ts';
import { type Partition, Runner } from './runner.ts';
import { storedRule, successors } from './succession.ts';

/** The rules of a set at work, in the set's order; a rule is known by its place there. */
export class Runners {
  private readonly partition: Partition;
  private all: readonly Runner[] = [];

  constructor(partition: Partition, rules: readonly CompiledRule[]) {
    this.partition = partition;
    this.start(rules);
  }

  /** Each takes in the event in hand. */
  step(): void {
    const { all } = this;
    for (let i = 0; i < all.length; i++) (all[i] as Runner).step();
  }

  at(place: number): Runner {
    return this.all[place] as Runner;
  }

  sum(of: (runner: Runner) => number): number {
    return this.all.reduce((total, runner) => total + of(runner), 0);
  }

  endSession(session: number): void {
    for (const runner of this.all) runner.endSession(session);
  }

  fence(scope: Scope, at: number): void {
    const { symbols } = this.partition;
    for (const runner of this.all) {
      for (const { kind, isIt } of fenceTargets(scope, symbols, runner.keys)) runner.fence(kind, isIt, at);
    }
  }

  /** Puts what was told from that place on into its order. */
  sortAlerts(from: number): void {
    sortFrom(this.partition.alerts.out, from, this.all);
  }

  /** Puts other rules in the place of those there are: each takes over the state of its predecessor, if it has one. */
  replace(rules: readonly CompiledRule[]): void {
    const { all: old, partition } = this;
    const { alerts, timers, sessions } = partition;
    const taken = successors(
      old.map((runner) => runner.rule),
      rules.map(({ rule }) => rule),
    );
    old.forEach((runner, place) => {
      const next = taken[place];
      if (next === undefined) runner.close();
      else if (isChanged(runner.rule, rules[next]!.rule)) runner.endAlerts();
    });
    this.sortAlerts(0);
    alerts.renumber(taken.map((place) => place ?? 0));
    const next = rules.map((compiled, place) => {
      const runner = old[taken.indexOf(place)];
      if (runner === undefined) return new Runner(compiled, place, partition);
      runner.adopt(compiled, place, isChanged(runner.rule, compiled.rule));
      return runner;
    });
    this.use(next);
    timers.clear();
    sessions.armAll();
    for (const runner of next) runner.armAll();
    alerts.armAll();
  }

  /** What `loadRules` needs, before anything that is laid out by it. */
  saveRules(into: SnapshotWriter): void {
    into.fact(
      'rules',
      this.all.map((runner) => runner.rule),
    );
  }

  save(into: SnapshotWriter): void {
    for (const runner of this.all) runner.save(into);
  }

  loadRules(from: SnapshotReader): void {
    this.start(from.fact<readonly Rule[]>('rules').map(storedRule));
  }

  load(from: SnapshotReader): void {
    for (const runner of this.all) runner.load(from);
  }

  private start(rules: readonly CompiledRule[]): void {
    this.use(rules.map((rule, place) => new Runner(rule, place, this.partition)));
  }

  /** Rules whose keys are sessions have their parts of the sessions' rows side by side, in the rules' order. */
  private use(runners: readonly Runner[]): void {
    const { sessionRows, alerts } = this.partition;
    sessionRows.layOut(runners.filter(({ keys }) => keys.areSessions).map(({ measure }) => measure.rows));
    alerts.useRunners(runners);
    this.all = runners;
  }
}

/** Alerts stay only with a rule of the same name and meaning. */
function isChanged(before: Rule, after: Rule): boolean {
  return before.name !== after.name || before.hash !== after.hash;
}
