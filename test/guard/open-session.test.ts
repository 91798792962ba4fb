/** What a session has worked out beforehand is never another answer than the law gives anew, whatever changed before. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ModeText } from '../../src/domain/mode.ts';
import { GLOBAL, type Scope, scopeText } from '../../src/domain/scope.ts';
import type { ToolKind, ToolLists } from '../../src/domain/tool-kind.ts';
import { Condition } from '../../src/guard/condition.ts';
import { KillView } from '../../src/guard/kill-view.ts';
import { OpenSession } from '../../src/guard/open-session.ts';
import { ToolKinds } from '../../src/guard/tool-kinds.ts';
import { denialBy, type Switch, switchOf } from '../../src/killswitch/precedence.ts';
import { session, stateWith, tenant, tool } from '../conformance/kill-store/harness.ts';
import { HandClock } from './harness.ts';

const READS: ToolLists = { write: [], read: ['doc.*'] };
const WRITES: ToolLists = { write: ['doc.*'], read: [] };
const ASKED = ['doc.read', 'db.write'].flatMap((name) =>
  ([undefined, 'read', 'write'] as const).map((declared) => [name, declared] as const),
);
const LIMIT_MS = 1_000;

/** Scopes over session `s` of `acme`, whose ancestor is `p`, and some that do not concern it. */
const SCOPES: readonly Scope[] = [
  ...[
    GLOBAL,
    tenant('acme'),
    session('acme', 's'),
    session('acme', 'p'),
    tool('acme', 'doc.*'),
    tool(null, 'doc.read'),
  ],
  ...[tenant('other'), session('other', 's'), session('acme', 'q'), tool('other', '*')],
];
const OVER_US = new Set(SCOPES.slice(0, 6));

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ does: fc.constant('switch'), which: fc.nat(9), mode: modes() }) },
  fc.record({
    does: fc.constantFrom('refresh', 'wait', 'lists', 'unload', 'load', 'break', 'mend', 'trouble', 'close'),
  }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function modes() {
  return fc.constantFrom<ModeText>('none', 'none', 'stop_new_runs', 'disable_writes', 'stop_all');
}

/** A session, and beside it what is known about everything over it, in no form but as it was told. */
class Setting {
  readonly #clock = new HandClock();
  readonly #condition: Condition;
  readonly #view = new KillView();
  readonly #kinds = new ToolKinds();
  readonly session: OpenSession;
  readonly #standing = new Map<Scope, Switch>();
  #lists = READS;
  #loaded = false;
  #broken = false;
  #version = 0;

  constructor(readStalenessMs: number) {
    this.#condition = new Condition(this.#clock, { maxStalenessMs: LIMIT_MS, readStalenessMs });
    this.#kinds.use(READS);
    this.session = new OpenSession('acme', 's', { view: this.#view, kinds: this.#kinds, condition: this.#condition });
    this.session.descendsFrom(['p'], null);
    this.#condition.changedStore(true);
  }

  readonly #actions = {
    refresh: () => this.#condition.refreshed(this.#clock.now()),
    wait: () => this.#clock.advance(LIMIT_MS / 2),
    lists: () => this.#publish(this.#lists === READS ? WRITES : READS),
    load: () => this.#load(true),
    unload: () => this.#load(false),
    break: () => this.#descend('a circle'),
    mend: () => this.#descend(null),
    trouble: () => this.#condition.troubled('a bug'),
    close: () => this.#close(),
  };

  take(each: Step): void {
    if ('mode' in each) this.#switch(SCOPES[each.which]!, each.mode);
    else this.#actions[each.does]();
  }

  /** The verdicts about every tool, however it is declared. */
  get said(): readonly boolean[] {
    return ASKED.map(([name, declared]) => this.session.check(name, declared).allowed);
  }

  get law(): readonly boolean[] {
    return ASKED.map(([name, declared]) => this.#allows(name, declared));
  }

  /** Contract 5 and 6, from the beginning. */
  #allows(name: string, declared: ToolKind | undefined): boolean {
    const isRead = (declared ?? 'read') === 'read' && this.#lists === READS && name.startsWith('doc.');
    const kind = isRead || (declared === 'read' && !this.#writes(name)) ? 'read' : 'write';
    if (this.#broken || denialBy(this.#standing.values(), { kind, tool: name }) !== null) return false;
    return this.#condition.denial(kind) === null && (kind === 'read' || this.#loaded);
  }

  #publish(lists: ToolLists): void {
    this.#lists = lists;
    this.#kinds.use(lists);
  }

  #load(loaded: boolean): void {
    this.#loaded = loaded;
    if (loaded) this.session.markLoaded();
    else this.session.markUnloaded();
  }

  #descend(broken: string | null): void {
    this.#broken = broken !== null;
    this.session.descendsFrom(['p'], broken);
  }

  #close(): void {
    this.#condition.close();
    this.session.recompute();
  }

  #writes(name: string): boolean {
    return this.#lists === WRITES && name.startsWith('doc.');
  }

  #switch(scope: Scope, mode: ModeText): void {
    this.#version += 1;
    const sound = scope.kind === 'tool' && mode !== 'none' ? 'disabled' : mode;
    const state = stateWith({ version: this.#version, mode: sound });
    this.#view.takeOne(scopeText(scope), state);
    if (OVER_US.has(scope)) this.#standing.set(scope, switchOf(scope, state));
  }
}

test('any change – a switch, an ancestor, a tool, the lists, loading, time, trouble, the end – is in the very next check', () => {
  const limits = fc.constantFrom(Number.POSITIVE_INFINITY, LIMIT_MS);
  fc.assert(
    fc.property(limits, fc.array(step, { maxLength: 25 }), (readStalenessMs, steps) => {
      const setting = new Setting(readStalenessMs);
      for (const each of [{ does: 'refresh' }, { does: 'load' }, ...steps] as readonly Step[]) {
        setting.take(each);
        expect(setting.said, JSON.stringify(each)).toEqual(setting.law);
      }
    }),
    { numRuns: 300 },
  );
});

test('that property is not about nothing: at first reads and writes pass, and one switch later only reads', () => {
  const setting = new Setting(Number.POSITIVE_INFINITY);
  for (const does of ['refresh', 'load'] as const) setting.take({ does });
  expect(setting.said).toEqual([true, true, true, true, true, true]);
  setting.take({ does: 'switch', which: SCOPES.indexOf(GLOBAL), mode: 'disable_writes' });
  expect(setting.said).toEqual([true, true, false, false, true, false]);
});

test('a bug while a change is worked out denies everything in that session, and keeps the change from no other', () => {
  const clock = new HandClock();
  const condition = new Condition(clock, { maxStalenessMs: LIMIT_MS, readStalenessMs: Number.POSITIVE_INFINITY });
  const kinds = new ToolKinds();
  kinds.use(READS);
  class FailingView extends KillView {
    override disabledTools(owner: string) {
      if (owner === 'acme' && this.global.mode !== 'none') throw new TypeError('a bug');
      return super.disabledTools(owner);
    }
  }
  const view = new FailingView();
  const [ours, other] = ['acme', 'other'].map((owner) => new OpenSession(owner, 's', { view, kinds, condition }));
  const reads = () => [ours, other].map((each) => each?.check('doc.read', undefined).allowed);
  expect(reads()).toEqual([true, true]);
  const harmless = stateWith({ version: 1, mode: 'stop_new_runs' });
  expect(() => view.takeOne('global', harmless)).toThrow('a bug');
  expect(reads()).toEqual([false, true]);
  expect(() => view.takeOne('global', stateWith({ version: 2, mode: 'stop_all' }))).toThrow('a bug');
  expect(reads()).toEqual([false, false]);
});
