import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from './tree.ts';

interface Locked {
  version?: string;
  resolved?: string;
  optionalDependencies?: Record<string, string>;
}

const packages: Record<string, Locked> = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;

/** Where npm would find a package for the one that asks: beside it, or in a folder above. */
function locked(asking: string, name: string): Locked | undefined {
  const nested = asking === '' ? '' : `${asking}/`;
  return packages[`${nested}node_modules/${name}`] ?? packages[`node_modules/${name}`];
}

describe('package-lock.json', () => {
  // From npm 11.6.2 on `npm ci` refuses a lockfile without them; an `npm install` on one platform may drop those of others.
  test('locks every package for another platform as well', () => {
    const missing = Object.entries(packages).flatMap(([asking, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter((name) => locked(asking, name)?.version === undefined),
    );
    expect(missing).toEqual([]);
  });

  test('names no host to fetch from: that is the setting of whoever installs', () => {
    expect(Object.keys(packages).filter((path) => packages[path]?.resolved?.includes('://'))).toEqual([]);
  });
});
