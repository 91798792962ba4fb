import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readSources } from '../../src/rules/load.ts';
import type { RulesResult } from '../../src/rules/parse.ts';
import { type Later, type RulesWatch, watchRules } from '../../src/rules/watch.ts';
import { soundRule } from './rule-text.ts';

let folder: string;
let watch: RulesWatch | null = null;
let seen: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rules-'));
  seen = [];
});

afterEach(async () => {
  watch?.stop();
  await rm(folder, { recursive: true, force: true });
});

const named = (name: string) => soundRule('loop').replace('alert: A', `alert: ${name}`);
const put = (name: string, text: string) => writeFile(join(folder, name), text);
const names = (result: RulesResult) =>
  result.status === 'valid' ? result.set.rules.map(({ name }) => name).join() : 'invalid';

async function start(later: Later, path = folder): Promise<void> {
  watch = watchRules(
    { paths: [path], later, settleMs: 20, pollMs: 60, onChange: (result) => seen.push(names(result)) },
    await readSources([path]),
  );
}

/** Time that passes only when told: runs what is due next, and waits until it asks for more. */
class VirtualTime {
  #due: (() => void) | null = null;
  readonly waits: number[] = [];

  readonly later: Later = (ms, run) => {
    this.waits.push(ms);
    this.#due = run;
    return () => {
      if (this.#due === run) this.#due = null;
    };
  };

  async pass(): Promise<void> {
    await vi.waitFor(() => expect(this.#due).not.toBeNull());
    const due = this.#due!;
    this.#due = null;
    due();
    await vi.waitFor(() => expect(this.#due).not.toBeNull());
  }
}

describe('with time passing only when told', () => {
  it('what does not change is not reported', async () => {
    await put('a.yaml', named('A'));
    const time = new VirtualTime();
    await start(time.later);
    for (let round = 0; round < 3; round++) await time.pass();
    expect(seen).toEqual([]);
  });

  it('a change counts when it was read twice the same: half a file is no rule set', async () => {
    await put('a.yaml', named('A'));
    const time = new VirtualTime();
    await start(time.later);
    await time.pass();
    await put('a.yaml', 'groups: [');
    await time.pass();
    await put('a.yaml', named('B'));
    await time.pass();
    expect(seen).toEqual([]);
    await time.pass();
    expect(seen).toEqual(['B']);
  });

  it('reload reads at once and reports what did not change', async () => {
    await put('a.yaml', named('A'));
    await start(new VirtualTime().later);
    expect(names(await watch!.reload())).toBe('A');
    expect(seen).toEqual(['A']);
  });

  it('nothing is reported after stop', async () => {
    await put('a.yaml', named('A'));
    await start(new VirtualTime().later);
    watch!.stop();
    watch!.stop();
    await watch!.reload();
    expect(seen).toEqual([]);
  });
});

describe('on a real folder', () => {
  const later: Later = (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  };
  const sees = (last: string) => vi.waitFor(() => expect(seen.at(-1)).toBe(last), { timeout: 5_000, interval: 10 });

  it('a bad set is reported as such, and the next good one as a change', async () => {
    await put('a.yaml', named('A'));
    await start(later);
    await put('a.yaml', 'groups: [');
    await sees('invalid');
    await put('a.yaml', named('B'));
    await sees('B');
    expect(seen).toEqual(['invalid', 'B']);
  });

  it('a mounted ConfigMap may be swapped again and again', async () => {
    for (const version of ['A', 'B', 'C', 'D']) {
      await mkdir(join(folder, `..${version}`));
      await writeFile(join(folder, `..${version}`, 'a.yaml'), named(version));
    }
    const swapTo = async (version: string) => {
      await symlink(`..${version}`, join(folder, '..next'));
      await rename(join(folder, '..next'), join(folder, '..data'));
    };
    await swapTo('A');
    await symlink('..data/a.yaml', join(folder, 'a.yaml'));
    await start(later);
    for (const version of ['B', 'C', 'D']) {
      await swapTo(version);
      await sees(version);
    }
  });

  it('a folder may vanish and come again', async () => {
    const path = join(folder, 'rules');
    await mkdir(path);
    await writeFile(join(path, 'a.yaml'), named('A'));
    await start(later, path);
    await rm(path, { recursive: true });
    await sees('invalid');
    await mkdir(path);
    await writeFile(join(path, 'a.yaml'), named('B'));
    await sees('B');
    await writeFile(join(path, 'a.yaml'), named('C'));
    await sees('C');
  });
});
