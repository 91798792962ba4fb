import { compileGlobs, type TextMatcher } from './glob.ts';

/** Whether a call changes the world. */
export type ToolKind = 'read' | 'write';

/** The operator's globs (`tools` in the configuration, published to guards). */
export interface ToolLists {
  readonly write: readonly string[];
  readonly read: readonly string[];
}

/** Tool lists made ready for use. */
export interface ToolMatchers {
  readonly write: TextMatcher;
  readonly read: TextMatcher;
}

export function compileToolLists(lists: ToolLists): ToolMatchers {
  return { write: compileGlobs(lists.write), read: compileGlobs(lists.read) };
}

/**
 * The stricter of what the lists and the event itself say: `write` wins over `read`, and a tool that nobody
 * calls a read is a write.
 */
export function toolKind(tool: string, lists: ToolMatchers, declared?: ToolKind | null): ToolKind {
  if (declared === 'write' || lists.write(tool)) return 'write';
  return declared === 'read' || lists.read(tool) ? 'read' : 'write';
}
