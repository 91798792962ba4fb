import { scopeText } from '../src/domain/scope.ts';
import type { Call } from './call.ts';

/** What goes wrong, each by a rule of its own (see rules.ts). */
export const KINDS = ['burst', 'loop', 'cost', 'duplicates', 'spending'] as const;
export type Kind = (typeof KINDS)[number];

/** What must come of an incident, known before anything runs. */
export interface Verdict {
  readonly rule: string;
  /** `event_id` of the call that is one too many. */
  readonly decidedBy: string;
  readonly value: number;
  readonly threshold: number;
}

export interface Incident {
  readonly kind: Kind;
  /** Scope text of what must be stopped. */
  readonly scope: string;
  readonly calls: readonly Call[];
  /** Place among the calls of the one that is one too many. */
  readonly decidedAt: number;
  readonly verdict: Verdict;
}

/** `over`: which call is one too many, from 1. `value`: what the rule has measured then. */
interface Sort extends Omit<Verdict, 'decidedBy'> {
  readonly calls: number;
  readonly over: number;
  readonly call: (place: Place) => Omit<Call, 'id' | 'tenant' | 'session'>;
}

interface Place {
  readonly name: string;
  readonly n: number;
}

const SORTS: Readonly<Record<Kind, Sort>> = {
  burst: {
    ...{ rule: 'Burst', calls: 40, over: 31, value: 31, threshold: 30 },
    call: ({ name, n }) => ({ tool: 'db.write', kind: 'write', operation: `${name} row ${n}` }),
  },
  loop: {
    ...{ rule: 'Loop', calls: 15, over: 11, value: 11, threshold: 10 },
    call: () => ({ tool: 'orders.list', kind: 'read', operation: 'the same list' }),
  },
  cost: {
    ...{ rule: 'Cost', calls: 8, over: 6, value: 60, threshold: 50 },
    call: ({ name, n }) => ({ tool: 'docs.search', kind: 'read', operation: `${name} ${n}`, cost: 10 }),
  },
  duplicates: {
    ...{ rule: 'Duplicates', calls: 8, over: 6, value: 5, threshold: 4 },
    call: () => ({ tool: 'email.send', kind: 'write', operation: 'the same letter' }),
  },
  spending: {
    ...{ rule: 'TenantCost', calls: 32, over: 26, value: 260, threshold: 250 },
    call: ({ name, n }) => ({ tool: 'gpu.rent', kind: 'write', operation: `${name} ${n}`, cost: 10 }),
  },
};

/**
 * An incident in a session (spending: in many sessions of a tenant) of its own.
 * `part` tells the calls of a second incident of the same session from those of the first.
 */
export function incidentOf(kind: Kind, name: string, tenant: string, part = ''): Incident {
  const { rule, calls: count, over, value, threshold, call } = SORTS[kind];
  const isOfTenant = kind === 'spending';
  const calls = Array.from({ length: count }, (_, n) => ({
    id: `${name}${part}-${n + 1}`,
    tenant: isOfTenant ? name : tenant,
    session: isOfTenant ? `${name}${part}-run-${n + 1}` : name,
    ...call({ name: `${name}${part}`, n }),
  }));
  return {
    kind,
    scope: scopeText(isOfTenant ? { kind: 'tenant', tenant: name } : { kind: 'session', tenant, session: name }),
    calls,
    decidedAt: over - 1,
    verdict: { rule, decidedBy: `${name}${part}-${over}`, value, threshold },
  };
}

/** As many calls of that kind as are still allowed: nothing must come of them. */
export function nearlyOf(kind: Kind, name: string, tenant: string, part = ''): readonly Call[] {
  const { calls, decidedAt } = incidentOf(kind, name, tenant, part);
  return calls.slice(0, decidedAt);
}
