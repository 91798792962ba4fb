/**
 * How much a tripped switch stops. `stop_all` takes in the others; the other two stand side by side.
 *
 * | mode            | new run | model call | read | write | in flight |
 * | stop_new_runs   | no      | yes        | yes  | yes   | finishes  |
 * | disable_writes  | yes     | yes        | yes  | no    | finishes  |
 * | stop_all        | no      | no         | no   | no    | cancelled |
 */
export const MODES = ['stop_new_runs', 'disable_writes', 'stop_all'] as const;
export type Mode = (typeof MODES)[number];

/** The text of a switch's flag or state. `none`: cleared. `disabled`: a tool. */
export type ModeText = Mode | 'stop_new_runs,disable_writes' | 'none' | 'disabled';

export type InFlight = 'finish' | 'cancel';

/** What a caller wants to do; each is one column of the table above. */
export type CallKind = 'new_run' | 'model_call' | 'read' | 'write';

/** Both modes together: never lower than either. `none` adds nothing. */
export function joinModes(a: ModeText, b: ModeText): ModeText {
  if (a === b || b === 'none') return a;
  if (a === 'none') return b;
  if (a === 'disabled' || b === 'disabled') return 'disabled';
  if (a === 'stop_all' || b === 'stop_all') return 'stop_all';
  return 'stop_new_runs,disable_writes';
}

/** True when `a` stops everything that `b` stops. */
export function coversMode(a: ModeText, b: ModeText): boolean {
  return joinModes(a, b) === a;
}

/** True when a switch of this mode denies that kind of call. A disabled tool denies every call of it. */
export function modeDenies(mode: ModeText, call: CallKind): boolean {
  switch (mode) {
    case 'none':
      return false;
    case 'disabled':
    case 'stop_all':
      return true;
    case 'stop_new_runs':
      return call === 'new_run';
    case 'disable_writes':
      return call === 'write';
    case 'stop_new_runs,disable_writes':
      return call === 'new_run' || call === 'write';
  }
}

export function isModeText(text: string): text is ModeText {
  return text === 'none' || text === 'disabled' || text === 'stop_new_runs,disable_writes' || isMode(text);
}

export function isMode(text: string): text is Mode {
  return (MODES as readonly string[]).includes(text);
}
