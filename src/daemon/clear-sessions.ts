import type { EventView } from '../domain/event/view.ts';

/**
 * Remembers which sessions nothing stood in the way of, and at which version of the kill state: their next calls cost a
 * comparison and no texts. Numbers of sessions are given out again, so name and tenant are compared too.
 */
export class ClearSessions {
  readonly #versions: number[] = [];
  readonly #names: string[] = [];
  readonly #tenants: number[] = [];

  isClear({ session, tenant }: EventView, name: string, version: number): boolean {
    return this.#versions[session] === version && this.#names[session] === name && this.#tenants[session] === tenant;
  }

  put({ session, tenant }: EventView, name: string, version: number): void {
    while (this.#versions.length <= session) {
      this.#versions.push(-1);
      this.#names.push('');
      this.#tenants.push(0);
    }
    this.#versions[session] = version;
    this.#names[session] = name;
    this.#tenants[session] = tenant;
  }
}
