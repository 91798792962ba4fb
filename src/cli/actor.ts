import { hostname, userInfo } from 'node:os';
import type { Actor } from '../domain/kill-state.ts';
import type { Terminal } from './output.ts';

/** Who acts, for the audit: `--as NAME`, or the user of this machine. */
export function operator(as: string | undefined, env: Terminal['env']): Actor {
  return { kind: 'operator', id: as ?? `${env.USER || env.LOGNAME || userName()}@${hostname()}` };
}

/** A container may run under an id that has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}
