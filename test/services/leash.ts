/**
 * The leash: whatever this process starts dies with it, however it ends.
 *
 * A tiny shell waits on a pipe whose other end only we hold. While we live it is told which process ids are ours.
 * When the pipe closes (exit, Ctrl-C, a crash, even kill -9) it kills exactly those ids, with the process group where
 * one leads a group, and removes our temporary directory. It runs in a session of its own, so that a Ctrl-C in the terminal reaches us and not it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';

const SCRIPT = `
root=$1; pids=
while read -r line; do pids=$line; done
for pid in $pids; do kill -9 -- "-$pid" 2>/dev/null || kill -9 "$pid" 2>/dev/null; done
for pid in $pids; do
  tries=0
  while kill -0 "$pid" 2>/dev/null && [ $tries -lt 100 ]; do sleep 0.05; tries=$((tries + 1)); done
done
rm -rf "$root"
`;

interface Leash {
  readonly root: string;
  readonly pids: Set<number>;
  readonly stdin: Writable;
}

let leash: Leash | undefined;

function theLeash(): Leash {
  if (leash !== undefined) return leash;
  const root = mkdtempSync(join(tmpdir(), 'agent-sentinel-'));
  const shell = spawn('/bin/sh', ['-c', SCRIPT, 'leash', root], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  shell.unref();
  const stdin = shell.stdin as Writable & { unref?: () => void };
  stdin.unref?.();
  leash = { root, pids: new Set(), stdin };
  return leash;
}

function tell({ pids, stdin }: Leash): void {
  stdin.write(`${[...pids].join(' ')}\n`);
}

/** A new directory that is gone when this process is. */
export function temporaryDirectory(name: string): string {
  return mkdtempSync(join(theLeash().root, `${name}-`));
}

/** From now until it exits, this child is killed when this process ends. */
export function hold(child: ChildProcess): void {
  const held = theLeash();
  const { pid } = child;
  if (pid === undefined) return; // it never started; its 'error' event says why
  held.pids.add(pid);
  tell(held);
  child.once('exit', () => {
    held.pids.delete(pid);
    tell(held);
  });
}
