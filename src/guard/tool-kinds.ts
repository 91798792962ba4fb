import { TEXT_BYTES_MAX } from '../domain/event/limits.ts';
import { isText } from '../domain/event/validate.ts';
import { compileToolLists, type ToolKind, type ToolLists, type ToolMatchers, toolKind } from '../domain/tool-kind.ts';

/** Tools are chosen by agents: beyond so many names the memory starts over. */
const REMEMBERED_MAX = 4_096;

/** Which tools write, by the lists that the daemon publishes; before they are known an unlisted tool is a write. */
export class ToolKinds {
  #lists: ToolMatchers = compileToolLists({ write: [], read: [] });
  /** By tool: what it is where the caller says nothing, or says `write`. */
  readonly #undeclared = new Map<string, ToolKind>();
  /** The reads of these: what most calls are, and a look at a Set costs less than one at a Map. */
  readonly #reads = new Set<string>();
  /** By tool: what it is where the caller says `read`. */
  readonly #declaredRead = new Map<string, ToolKind>();

  use(lists: ToolLists): void {
    this.#lists = compileToolLists(lists);
    this.#undeclared.clear();
    this.#reads.clear();
    this.#declaredRead.clear();
  }

  /** True for a tool that was asked about before and is a read where the caller says nothing. */
  isKnownRead(tool: string): boolean {
    return this.#reads.has(tool);
  }

  /** @throws TypeError where the tool is no name that an event could carry. */
  of(tool: string, declared: ToolKind | undefined): ToolKind {
    const known = declared === 'read' ? this.#declaredRead : this.#undeclared;
    const kind = known.get(tool) ?? this.#learn(known, tool, declared);
    return declared === undefined || declared === 'read' ? kind : 'write';
  }

  #learn(known: Map<string, ToolKind>, tool: string, declared: ToolKind | undefined): ToolKind {
    if (tool === '' || !isText(tool, TEXT_BYTES_MAX)) {
      throw new TypeError(`a tool's name is 1 to ${TEXT_BYTES_MAX} bytes of well-formed text`);
    }
    if (known.size >= REMEMBERED_MAX) {
      known.clear();
      if (known === this.#undeclared) this.#reads.clear();
    }
    const kind = toolKind(tool, this.#lists, declared);
    known.set(tool, kind);
    if (known === this.#undeclared && kind === 'read') this.#reads.add(tool);
    return kind;
  }
}
