import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Flags } from '../../../src/adapters/embedded/flags.ts';
import { openEmbeddedKillStore } from '../../../src/adapters/embedded/kill-store.ts';
import { EmbeddedStore } from '../../../src/adapters/embedded/store.ts';
import type { ByHand, Harness, HarnessOptions } from '../../conformance/kill-store/harness.ts';
import { newFolder } from './folder.ts';

/** A kill store in a new folder, and the hands of a second program on its flags. */
export async function embeddedHarness(options: HarnessOptions = {}): Promise<Harness> {
  const dir = newFolder();
  let offsetMs = 0;
  const clock = { now: () => Date.now() + offsetMs };
  const outboxMax = options.outboxMax === undefined ? {} : { outboxMax: options.outboxMax };
  const store = openEmbeddedKillStore({ dir, clock, ...outboxMax });
  const other = EmbeddedStore.open(join(dir, 'kill'));
  return {
    store,
    byHand: handsOn(other, clock.now),
    advance: (ms) => {
      offsetMs += ms;
    },
    wipe: async () => other.clear(),
    close: async () => {
      await store.close();
      await other.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function handsOn(store: EmbeddedStore, now: () => number): ByHand {
  const flags = new Flags(store);
  const get = (key: string) => store.read(() => flags.get(key, now()));
  const membersOf = (key: string) => {
    const entry = get(key);
    return entry?.kind === 'set' ? entry.members : [];
  };
  const putSet = (key: string, members: readonly string[]) =>
    store.write(() => {
      if (members.length === 0) flags.remove(key);
      else flags.put(key, { kind: 'set', members, expiresAt: null });
    });
  return {
    set: async (key, text, options) =>
      store.write(() =>
        flags.put(key, { kind: 'text', text, expiresAt: options === undefined ? null : now() + options.px }),
      ),
    get: async (key) => {
      const entry = get(key);
      return entry?.kind === 'text' ? entry.text : null;
    },
    px: async (key) => {
      const end = get(key)?.expiresAt ?? null;
      return end === null ? null : end - now();
    },
    del: async (key) => store.write(() => flags.remove(key)),
    sadd: async (key, member) => putSet(key, [...membersOf(key).filter((each) => each !== member), member]),
    srem: async (key, member) =>
      putSet(
        key,
        membersOf(key).filter((each) => each !== member),
      ),
    members: async (key) => membersOf(key),
    wrongType: async (key) => store.write(() => flags.put(key, { kind: 'damaged', expiresAt: null })),
  };
}
