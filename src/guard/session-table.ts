/** What a table can hold: a session is the pair. */
export interface Keyed {
  readonly tenant: string;
  readonly session: string;
}

/**
 * Sessions by tenant and id, found by one look at the id: two tenants seldom use the same at the same time, and where
 * they do, a second look tells them apart, however many they are.
 */
export class SessionTable<T extends Keyed> {
  /** By session, that of the tenant that came first. */
  readonly #firsts = new Map<string, T>();
  /** Those of other tenants that have the id of a first one: by session, by tenant. Never empty. */
  readonly #namesakes = new Map<string, Map<string, T>>();

  get size(): number {
    let size = this.#firsts.size;
    for (const namesakes of this.#namesakes.values()) size += namesakes.size;
    return size;
  }

  get(tenant: string, session: string): T | undefined {
    const first = this.#firsts.get(session);
    if (first === undefined || first.tenant === tenant) return first;
    return this.#namesakes.get(session)?.get(tenant);
  }

  /** Replaces what was there. */
  add(each: T): void {
    const { tenant, session } = each;
    const first = this.#firsts.get(session);
    if (first === undefined || first.tenant === tenant) {
      this.#firsts.set(session, each);
      return;
    }
    const namesakes = this.#namesakes.get(session) ?? new Map<string, T>();
    this.#namesakes.set(session, namesakes.set(tenant, each));
  }

  delete({ tenant, session }: Keyed): void {
    const namesakes = this.#namesakes.get(session);
    if (this.#firsts.get(session)?.tenant === tenant) this.#succeed(session, namesakes);
    else namesakes?.delete(tenant);
    if (namesakes?.size === 0) this.#namesakes.delete(session);
  }

  *[Symbol.iterator](): Generator<T> {
    yield* this.#firsts.values();
    for (const namesakes of this.#namesakes.values()) yield* namesakes.values();
  }

  /** The first one goes: one of its namesakes takes its place. */
  #succeed(session: string, namesakes: Map<string, T> | undefined): void {
    this.#firsts.delete(session);
    const next = namesakes?.values().next().value;
    if (next === undefined) return;
    namesakes?.delete(next.tenant);
    this.#firsts.set(session, next);
  }
}
