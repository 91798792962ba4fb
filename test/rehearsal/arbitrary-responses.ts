import fc from 'fast-check';
import type { PlainRule } from '../oracle/plain.ts';
import { BASE } from '../oracle/telling.ts';
import { rulesFile } from '../properties/rule-text.ts';

/** What a random rule does when it fires; what its key does not allow is left out. */
export interface Response {
  readonly severity: 'info' | 'warning' | 'critical';
  /** false: the default of a critical rule. */
  readonly named: boolean;
  readonly terminate: boolean;
  readonly flip: 'stop_new_runs' | 'disable_writes' | 'stop_all' | 'unnamed' | null;
  readonly disableTool: boolean;
  readonly simulate: boolean;
  /** Until that long after the begin of the stream, ms; null: for ever. */
  readonly exception: { readonly tenant: string; readonly until: number | null } | null;
  readonly cooldownMs: number;
}

const often = <T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, { weight: 2, arbitrary: fc.constantFrom(usual, ...others) });

export const anyResponse: fc.Arbitrary<Response> = fc.record({
  severity: often<Response['severity']>('critical', 'warning', 'info'),
  named: often(true, false),
  terminate: fc.boolean(),
  flip: fc.constantFrom('stop_new_runs', 'disable_writes', 'stop_all', 'unnamed', null),
  disableTool: fc.boolean(),
  simulate: often(false, true),
  exception: often<Response['exception']>(
    null,
    { tenant: 'acme', until: null },
    { tenant: 'b*', until: null },
    { tenant: '*', until: 40 },
    { tenant: 'acme', until: 300 },
  ),
  cooldownMs: fc.constantFrom(0, 0, 40, 300, 300_000),
});

/** Longer than any stream: the end of a switch is of the present. */
const TTL = '30d';

/** A file of these rules with these responses. Times of responses are as many times longer as `scale` says. */
export function actingRules(rules: readonly PlainRule[], responses: readonly Response[], scale: number): string {
  const file = JSON.parse(rulesFile(rules)) as { groups: { rules: object[] }[] };
  file.groups[0]?.rules.forEach((text, index) => {
    Object.assign(text, responseText(rules[index]!, responses[index % responses.length]!, scale));
  });
  return JSON.stringify(file);
}

function responseText(rule: PlainRule, response: Response, scale: number): object {
  const forAllTenants = rule.groupBy.includes('global_tool');
  const { severity, named, simulate, exception, cooldownMs } = response;
  const actions = severity === 'critical' ? actionsFor(rule, response) : null;
  const isNamed = named || !hasDefaultAction(rule);
  return {
    severity,
    ...(isNamed && actions !== null ? { actions } : {}),
    simulate,
    cooldown: `${cooldownMs * scale}ms`,
    exceptions: exception === null || forAllTenants ? [] : [exceptionText(exception, scale)],
  };
}

function actionsFor({ groupBy, measure }: PlainRule, { terminate, flip, disableTool }: Response): object[] {
  const knowsOperation =
    measure.type === 'duplicate_count' || (measure.type === 'loop' && measure.distinctOfLast === null);
  const namesTool =
    groupBy.includes('tool') || (knowsOperation && 'fingerprint' in measure && measure.fingerprint.includes('tool'));
  const forAllTenants = groupBy.includes('global_tool');
  const mode = flip === 'unnamed' ? {} : { mode: flip };
  return [
    ...(terminate && (groupBy.includes('session') || knowsOperation) ? ['terminate_session'] : []),
    ...(flip !== null && !forAllTenants ? [{ flip_tenant: { ...mode, ttl: TTL } }] : []),
    ...(disableTool && namesTool && !forAllTenants ? [{ disable_tool: { ttl: TTL } }] : []),
  ] as object[];
}

/** A flip by default would end after half an hour, so only what ends sessions is left to the default. */
function hasDefaultAction({ groupBy }: PlainRule): boolean {
  return groupBy.includes('session');
}

function exceptionText({ tenant, until }: NonNullable<Response['exception']>, scale: number): object {
  return { tenant, ...(until === null ? {} : { until: new Date(BASE + until * scale).toISOString() }) };
}
