import type { Mode } from '../../domain/mode.ts';
import { DEFAULT_NAMES, type KillKeys, type KillNames, killKeys } from '../../killswitch/keys.ts';
import { nextVersion } from '../../killswitch/standing.ts';
import type { Clock } from '../../ports/clock.ts';
import type { PublishedConfig } from '../../ports/kill-store.ts';
import { Cell } from './cell.ts';
import { Decisions } from './decisions.ts';
import { Flags } from './flags.ts';
import { FleetTables } from './fleet.ts';
import { OutboxTable } from './outbox.ts';
import { Spending } from './spending.ts';
import { States } from './states.ts';
import type { EmbeddedStore } from './store.ts';

export interface KillSettings {
  readonly clock: Clock;
  /** What a `1` set by hand means. Default `disable_writes`. */
  readonly modeWhenEnabled?: Mode;
  readonly names?: KillNames;
  /** Outbox entries from which on automation holds. Default 100,000. */
  readonly outboxMax?: number;
}

/** What real and simulated trips each have of their own. */
export interface Space {
  readonly shadow: boolean;
  readonly states: States;
  readonly spending: Spending;
  readonly decisions: Decisions;
}

/** Every table of the kill store, and its settings. */
export class KillTables {
  readonly store: EmbeddedStore;
  readonly clock: Clock;
  readonly modeWhenEnabled: Mode;
  readonly keys: KillKeys;
  readonly outboxMax: number;
  readonly flags: Flags;
  readonly real: Space;
  readonly shadow: Space;
  readonly outbox: OutboxTable;
  readonly fleet: FleetTables;
  readonly epoch: Cell<string>;
  readonly config: Cell<PublishedConfig>;
  readonly #version: Cell<number>;

  constructor(store: EmbeddedStore, settings: KillSettings) {
    this.store = store;
    this.clock = settings.clock;
    this.modeWhenEnabled = settings.modeWhenEnabled ?? 'disable_writes';
    this.keys = killKeys(settings.names ?? DEFAULT_NAMES);
    this.outboxMax = settings.outboxMax ?? 100_000;
    this.flags = new Flags(store);
    this.real = spaceOf(store, false);
    this.shadow = spaceOf(store, true);
    this.outbox = new OutboxTable(store);
    this.fleet = new FleetTables(store);
    this.epoch = new Cell(store, 'epoch');
    this.config = new Cell(store, 'config');
    this.#version = new Cell(store, 'version');
  }

  /** The newest version of any scope; 0 where nothing was ever changed. */
  version(): number {
    return Math.max(this.#version.get() ?? 0, this.real.states.greatestVersion());
  }

  /** Later versions are greater than what was taken in, and than the clock. */
  raiseVersion(now: number): void {
    this.#version.set(Math.max(this.version(), now * 1000));
  }

  /** Takes the next version: greater than all of the store, its clock, and those that the caller knows of. */
  takeVersion(now: number, known: readonly (number | undefined)[]): number {
    const version = nextVersion(this.version(), now, known);
    this.#version.set(version);
    return version;
  }
}

function spaceOf(store: EmbeddedStore, shadow: boolean): Space {
  const prefix = shadow ? 'shadow-' : '';
  return {
    shadow,
    states: new States(store, prefix),
    spending: new Spending(store, prefix),
    decisions: new Decisions(store, prefix),
  };
}
