import { liftScope, stopScope } from './change.ts';
import type { LiftOptions, StopOptions } from './change-options.ts';
import type { Cli } from './cli.ts';
import { confirmUnknown } from './confirm.ts';
import { wholeScope } from './known-scopes.ts';
import { mustBeComplete, withStore } from './open-store.ts';
import type { ExitCode } from './output.ts';
import type { NamedScope } from './scope-words.ts';

/** Finds the scope that was named, asks where nobody knows it, and stops it. */
export function stopNamed(cli: Cli, named: NamedScope, options: StopOptions): Promise<ExitCode> {
  const asked = { yes: options.yes === true, terminal: cli.terminal };
  return withStore(cli, options, async (opened) => {
    const scope = await wholeScope(opened, named);
    if (!(await confirmUnknown(opened, scope, asked))) return 1;
    return stopScope(opened, scope, options, cli.terminal);
  });
}

/** Finds the scope that was named, asks where nobody knows it, and lifts exactly it. */
export function liftNamed(cli: Cli, named: NamedScope, options: LiftOptions): Promise<ExitCode> {
  const asked = { yes: options.yes === true, terminal: cli.terminal };
  return withStore(cli, options, async (opened) => {
    mustBeComplete(opened);
    const scope = await wholeScope(opened, named);
    if (!(await confirmUnknown(opened, scope, asked))) return 1;
    return liftScope(opened, scope, options, cli.terminal);
  });
}
