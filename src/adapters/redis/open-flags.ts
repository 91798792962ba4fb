import type { Mode, ModeText } from '../../domain/mode.ts';
import { GLOBAL, parseScope, type Scope, scopeText } from '../../domain/scope.ts';
import type { KillKeys } from '../../killswitch/keys.ts';
import type { PollAnswer, PollRequest } from '../../ports/kill-store.ts';
import { isForgotten, list, modeByHand, pairs, scopes } from './kill-replies.ts';
import { chunks, json, setEnding } from './kill-requests.ts';
import type { KillScripts } from './kill-scripts.ts';

type FlagPart = Pick<PollAnswer, 'byHand' | 'lost' | 'forgotten'>;

/** What a poll looks at besides the index: the flags of global, tools and a guard's own open tenants and sessions. */
export class OpenFlags {
  readonly #scripts: KillScripts;
  readonly #keys: KillKeys;
  readonly #modeWhenEnabled: Mode;

  constructor(scripts: KillScripts, keys: KillKeys, modeWhenEnabled: Mode) {
    this.#scripts = scripts;
    this.#keys = keys;
    this.#modeWhenEnabled = modeWhenEnabled;
  }

  /** Asked for in parts, so that Redis serves others in between. */
  parts({ tenants, sessions }: Pick<PollRequest, 'tenants' | 'sessions'>): Promise<FlagPart>[] {
    const parts: Promise<FlagPart>[] = [this.#part([GLOBAL], [null])];
    for (const part of chunks(tenants)) {
      parts.push(
        this.#part(
          part.map((tenant) => ({ kind: 'tenant', tenant })),
          part,
        ),
      );
    }
    for (const part of chunks(sessions)) {
      parts.push(
        this.#part(
          part.map(({ tenant, session }) => ({ kind: 'session', tenant, session })),
          [],
        ),
      );
    }
    return parts;
  }

  async #part(asked: readonly Scope[], toolSets: readonly (string | null)[]): Promise<FlagPart> {
    const request = { scopes: asked.map(scopeText), sets: toolSets.map((tenant) => setEnding(this.#keys, tenant)) };
    const [flags, tools, lost, lostTools] = list(await this.#scripts.read('flags', json(request)));
    const byHand = scopes(tools).map(disabled);
    const forgotten = scopes(lostTools).map(disabled);
    for (const [name, flag] of pairs(flags)) {
      const scope = parseScope(name);
      const mode = scope === null ? null : modeByHand(scope, flag, this.#modeWhenEnabled);
      if (scope !== null && mode !== null) (isForgotten(flag) ? forgotten : byHand).push({ scope, mode });
    }
    return { byHand, lost: scopes(lost), forgotten };
  }
}

function disabled(scope: Scope): { readonly scope: Scope; readonly mode: ModeText } {
  return { scope, mode: 'disabled' };
}
