import { createHash } from 'node:crypto';
import { ADOPT } from './adopt.lua.ts';
import { BASE } from './base.lua.ts';
import { FLEET } from './fleet.lua.ts';
import { LIMITS } from './limits.lua.ts';
import { READ } from './read.lua.ts';
import { STATE } from './state.lua.ts';
import { TRIP } from './trip.lua.ts';
import { UPKEEP } from './upkeep.lua.ts';
import { WRITE } from './write.lua.ts';

export interface Script {
  readonly text: string;
  readonly sha1: string;
}

/** The one script that changes kill state. `allow-oom`: a full store never refuses a kill. */
export const CHANGE_SCRIPT = script(
  '#!lua flags=allow-oom',
  ...[BASE, STATE, WRITE, ADOPT, LIMITS, TRIP, UPKEEP, FLEET],
  `
local answer = command[ARGV[3]](unpack(ARGV, 4))
report_damage()
return answer
`,
);

/** Reads in one round trip; runs on a full store, too. */
export const READ_SCRIPT = script(
  '#!lua flags=no-writes',
  ...[BASE, STATE, READ],
  `
return command[ARGV[3]](unpack(ARGV, 4))
`,
);

function script(...parts: readonly string[]): Script {
  const text = parts.join('\n');
  return { text, sha1: createHash('sha1').update(text).digest('hex') };
}
