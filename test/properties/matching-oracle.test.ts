import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conditionFor, feeds, keyOf } from '../oracle/feeding.ts';
import { anyScenario } from './arbitrary-streams.ts';
import { decode, decoding } from './compiled.ts';
import { runs } from './runs.ts';

describe('compiled rules see the events that docs/semantics.md says, and judge keys by the same conditions', () => {
  it('agrees with the oracle on every event and key', { timeout: runs.timeoutMs }, () => {
    fc.assert(
      fc.property(anyScenario, ({ setup, happenings }) => {
        const { rules, symbols, decoder } = decoding(setup);
        const feed = rules.rules.map((rule) => rule.bind(symbols));
        for (const happening of happenings) {
          if (!('record' in happening)) continue;
          decode(decoder, happening.record);
          setup.rules.forEach((rule, index) => {
            const expected = feeds(rule, happening.record, setup.tools);
            expect(feed[index]!(decoder.view), `${rule.name} of ${JSON.stringify(happening.record)}`).toBe(expected);
            const key = keyOf(rule, happening.record);
            if (key !== null) expect(rules.rules[index]!.conditionFor(key)).toEqual(conditionFor(rule, key));
          });
        }
      }),
      { numRuns: runs.few },
    );
  });
});
