import { setTimeout as sleep } from 'node:timers/promises';
import type { KillState, ScopedState } from '../src/domain/kill-state.ts';
import { parseScope } from '../src/domain/scope.ts';
import { runCommand } from '../test/e2e/daemon-process.ts';
import type { Setting } from '../test/e2e/setting.ts';
import { until } from '../test/services/poll.ts';
import type { Account } from './account.ts';
import { expectedOf } from './expected.ts';
import { Feed } from './feed.ts';
import type { Incident } from './incident.ts';
import { Instances } from './instances.ts';
import type { Plan } from './plan.ts';
import type { Restore } from './restores.ts';
import type { Moment, Step } from './steps.ts';
import { Watch } from './watch.ts';

/** A group without a member that was killed takes that one's session timeout to go on, and a busy machine its time. */
const READING_WITHIN_MS = 60_000;
const SETTLED_WITHIN_MS = 90_000;
const DECIDED_LOOK_MS = 2;

export interface DrainOptions {
  /** What node runs as `sentinel`. */
  readonly program: string[];
  readonly say: (what: string) => void;
}

/** Runs a plan: kills the daemon again and again while it drains the stream, then lets it finish, and gives the account. */
export async function drain(setting: Setting, plan: Plan, options: DrainOptions): Promise<Account> {
  const run = new Drain(setting, plan, options);
  try {
    return await run.toTheEnd();
  } finally {
    await run.killAll();
  }
}

class Drain {
  readonly #setting: Setting;
  readonly #plan: Plan;
  readonly #options: DrainOptions;
  readonly #feed: Feed;
  readonly #watch: Watch;
  readonly #instances: Instances;
  readonly #complaints: string[] = [];
  #streamed = 0;
  /** What each instance had taken in when the step began. */
  #processedBefore: ReadonlyMap<object, number> = new Map();

  constructor(setting: Setting, plan: Plan, options: DrainOptions) {
    this.#setting = setting;
    this.#plan = plan;
    this.#options = options;
    this.#feed = new Feed(setting);
    this.#watch = new Watch(setting);
    this.#instances = new Instances(setting.config, options.program, (what) => {
      this.#complaints.push(what);
      options.say(what);
    });
  }

  async toTheEnd(): Promise<Account> {
    for (const [n, step] of this.#plan.steps.entries()) await this.#step(n, step);
    await this.#stream(this.#plan.stream.length);
    await this.#feed.append(this.#plan.closing.flatMap(({ calls }) => calls));
    this.#mustReachAllPartitions();
    await this.#instances.start('first');
    await this.#settle();
    this.#options.say('all is decided and in the log');
    await this.#instances.stop('second');
    await this.#instances.stop('first');
    return this.#account();
  }

  async killAll(): Promise<void> {
    await this.#instances.killAll();
  }

  async #step(n: number, step: Step): Promise<void> {
    await this.#begin(step);
    const due = this.#plan.restores.filter((one) => one.step === n);
    await Promise.all(due.map(({ scope }) => this.#stopped(scope)));
    await this.#restoreAll(due, 'before');
    await this.#until(step.moment);
    await this.#instances.kill(step.victim);
    await this.#restoreAll(due, 'after');
    await this.#tell(n, step);
  }

  /** The next part of the stream, and the instances that are to read it. */
  async #begin({ second, upTo }: Step): Promise<void> {
    // Before there is more to read, or it reads all of it and leaves nothing to the first.
    if (second === 'leaves') await Promise.all([this.#instances.start('first'), this.#instances.stop('second')]);
    this.#processedBefore = await this.#instances.processed();
    await this.#stream(upTo);
    await this.#instances.start('first');
    if (second === 'joins') await this.#instances.start('second');
  }

  async #tell(n: number, { second, victim, moment }: Step): Promise<void> {
    const moves = second === null ? '' : `the second instance ${second}, `;
    const killed = `${victim} killed ${moment.delayMs} ms after ${moment.after}`;
    const stopped = `${(await this.#watch.stopped()).size} of ${expectedOf(this.#plan).size} stopped`;
    this.#options.say(`${n + 1}/${this.#plan.steps.length}: ${moves}${killed}; ${stopped}`);
  }

  async #until({ after, share, delayMs }: Moment): Promise<void> {
    if (after === 'decided') await this.#decided(share);
    if (after === 'reading') await this.#reading();
    await sleep(delayMs);
  }

  /** So many of the decisions that the log makes possible and that are not made yet. */
  async #decided(share: number): Promise<void> {
    const made = (await this.#watch.stopped()).size;
    const possible = this.#possible().length - made;
    const target = made + Math.ceil(possible * share);
    const reached = async () => (await this.#watch.stopped()).size >= target;
    if (!(await until(reached, READING_WITHIN_MS, DECIDED_LOOK_MS))) this.#late(`${target} decisions were not made`);
  }

  async #reading(): Promise<void> {
    const reads = async () =>
      [...(await this.#instances.processed())].some(
        ([daemon, count]) => count > (this.#processedBefore.get(daemon) ?? 0),
      );
    if (!(await until(reads, READING_WITHIN_MS, 10))) this.#late('nothing was read');
  }

  #late(what: string): void {
    this.#complaints.push(`${what} within ${READING_WITHIN_MS / 1_000} s`);
  }

  #possible(): readonly Incident[] {
    const { places } = this.#feed;
    return this.#plan.incidents.filter(({ verdict }) => places.has(verdict.decidedBy));
  }

  async #stream(upTo: number): Promise<void> {
    await this.#feed.append(this.#plan.stream.slice(this.#streamed, upTo));
    this.#streamed = Math.max(this.#streamed, upTo);
  }

  async #stopped(scope: string): Promise<void> {
    const isStopped = await until(() => this.#watch.isStopped(scope), READING_WITHIN_MS);
    if (!isStopped) this.#late(`${scope} was to be restored and was not stopped`);
  }

  async #restoreAll(due: readonly Restore[], when: Restore['when']): Promise<void> {
    await Promise.all(due.filter((one) => one.when === when).map((one) => this.#restore(one)));
  }

  /** As an operator does it. What comes afterwards is appended afterwards. */
  async #restore({ scope, calls }: Restore): Promise<void> {
    const { config } = this.#setting;
    const args = ['restore', scope, '--reason', 'npm run crash', '--config', config, '--yes'];
    const { code, told } = await runCommand(args, this.#options.program);
    if (code !== 0) this.#complaints.push(`"sentinel restore ${scope}" ended with ${code}: ${told.trim()}`);
    await this.#feed.append(calls);
  }

  /** All is decided, the closing incidents at the end of every partition too, and the log has every record of it. */
  async #settle(): Promise<void> {
    const meant = [...expectedOf(this.#plan)].filter(([, { isStopped }]) => isStopped).map(([scope]) => scope);
    const missing = async () => {
      const standing = (await this.#watch.states()).filter(({ state }) => state.mode !== 'none');
      const stopped = new Set(standing.map(({ scope }) => scope));
      return meant.filter((scope) => !stopped.has(scope));
    };
    if (!(await until(async () => (await missing()).length === 0, SETTLED_WITHIN_MS, 50)))
      this.#complaints.push(`not stopped within ${SETTLED_WITHIN_MS / 1_000} s: ${(await missing()).join(', ')}`);
    if (!(await until(async () => (await this.#setting.store.pendingCount()) === 0, SETTLED_WITHIN_MS)))
      this.#complaints.push('records of changes still wait in the outbox');
  }

  #mustReachAllPartitions(): void {
    const { places } = this.#feed;
    const closed = new Set(this.#plan.closing.map(({ verdict }) => places.get(verdict.decidedBy)!.partition));
    const open = [...places.values()].find(({ partition }) => !closed.has(partition));
    if (open !== undefined) throw new Error(`partition ${open.partition} has no closing incident: plan more of them`);
  }

  async #account(): Promise<Account> {
    const { log, topics } = this.#setting;
    let deadLetters = 0;
    await log.readAll(topics.dead_letter, () => void deadLetters++);
    return {
      plan: this.#plan,
      places: this.#feed.places,
      records: await this.#setting.audit(),
      states: await this.#watch.states(),
      published: await this.#published(),
      appended: this.#feed.appended,
      deadLetters,
      complaints: this.#complaints,
    };
  }

  async #published(): Promise<readonly ScopedState[]> {
    const published: ScopedState[] = [];
    const { log, topics } = this.#setting;
    await log.readAll(topics.kill_state, ({ key, value }) => {
      const scope = Buffer.from(key ?? []).toString('utf8');
      // Limits and the like stand there too.
      if (value === null || parseScope(scope) === null) return;
      published.push({ scope, state: JSON.parse(Buffer.from(value).toString('utf8')) as KillState });
    });
    return published;
  }
}
