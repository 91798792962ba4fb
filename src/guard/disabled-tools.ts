import { compileGlobs, type TextMatcher } from '../domain/glob.ts';
import type { Switch } from '../killswitch/precedence.ts';

/** Tools are chosen by agents: beyond so many names the memory starts over. */
const REMEMBERED_MAX = 4_096;

/** The disabled tools of one tenant, those of everybody included: at least one. */
export class DisabledTools {
  readonly switches: readonly Switch[];
  readonly #matches: TextMatcher;
  readonly #known = new Map<string, boolean>();

  constructor(switches: readonly Switch[]) {
    this.switches = switches;
    this.#matches = compileGlobs(switches.flatMap(({ scope }) => (scope.kind === 'tool' ? [scope.pattern] : [])));
  }

  stops(tool: string): boolean {
    return this.#known.get(tool) ?? this.#learn(tool);
  }

  #learn(tool: string): boolean {
    if (this.#known.size >= REMEMBERED_MAX) this.#known.clear();
    const stops = this.#matches(tool);
    this.#known.set(tool, stops);
    return stops;
  }
}
