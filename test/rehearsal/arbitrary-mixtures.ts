import fc from 'fast-check';
import type { OutMessage } from '../../src/ports/event-log.ts';
import { unfencedScenario } from '../properties/arbitrary-streams.ts';
import { type AnyLife, clockNumber, isLocal } from './arbitrary-lives.ts';
import { anyProducerClock, timeAt } from './arbitrary-producers.ts';
import { actingRules, anyResponse } from './arbitrary-responses.ts';

/** A random rule set and a stream, to be produced together with others, on the clock of a real broker. */
export const anyMixture = fc.record({
  scenario: unfencedScenario,
  responses: fc.array(anyResponse, { minLength: 5, maxLength: 5 }),
  clocks: fc.array(anyProducerClock, { minLength: 1, maxLength: 3 }),
  clockOf: fc.constantFrom('session' as const, 'event' as const),
});

type Mixture = typeof anyMixture extends fc.Arbitrary<infer T> ? T : never;

/** The rules of all in one file, each under a name of its own, and one more. */
export function mixedRules(mixtures: readonly Mixture[], more: object): AnyLife['rules'] {
  const all = mixtures.flatMap(({ scenario, responses }, set) =>
    scenario.setup.rules.filter(isLocal).map((rule, index) => ({
      rule: { ...rule, name: `set-${set}-${rule.name}` },
      response: responses[index % responses.length]!,
    })),
  );
  const text = actingRules(
    all.map(({ rule }) => rule),
    all.map(({ response }) => response),
    1,
  );
  const file = JSON.parse(text) as { groups: { rules: object[] }[] };
  file.groups[0]!.rules.push(more);
  return JSON.stringify(file);
}

/** The events of one, by producers whose clocks stand so to `now`. */
export function mixedMessages({ scenario, clocks, clockOf }: Mixture, set: number, now: number): OutMessage[] {
  return scenario.happenings.flatMap((happening, index) => {
    if (!('record' in happening)) return [];
    const { record, appendedAt } = happening;
    const clock = clocks[clockNumber(record, index, clockOf) % clocks.length]!;
    const ts = timeAt(clock, now - index, now, index) + (record.ts - appendedAt);
    const event = { ...record, event_id: `${set}-${record.event_id}`, ts };
    return [{ key: record.tenant_id, value: JSON.stringify(event) }];
  });
}
