import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseDuration } from '../../src/domain/duration.ts';

/**
 * `*.test.yaml`: promtool's shape. An entry of `input_events` is an event at a time after the start, or, with `every` and
 * `times`, that many; `{{ n }}` in its texts is the number of the copy, from 0. What is not said of an event is made up.
 */
const duration = z.string().transform((text, context) => {
  const ms = parseDuration(text);
  if (ms === null) context.addIssue(`${text} is no duration`);
  return ms ?? 0;
});

const inputEvents = z
  .looseObject({ at: duration, every: duration.default(0), times: z.number().int().positive().default(1) })
  .transform(({ at, every, times, ...event }) => ({ at, every, times, event }));

const expectedAlert = z.strictObject({ key: z.record(z.string(), z.string()), value: z.number().optional() });

const expectedAction = z.strictObject({ action: z.string(), scope: z.string(), mode: z.string().optional() });

const ruleTest = z.strictObject({
  eval_time: duration,
  alertname: z.string(),
  /** Alerts of this name that are firing at that time. */
  exp_alerts: z.array(expectedAlert),
  /** What this rule has decided until then. */
  exp_actions: z.array(expectedAction),
});

const testFile = z.strictObject({
  rule_files: z.array(z.string()).min(1),
  tests: z
    .array(
      z.strictObject({
        name: z.string(),
        input_events: z.array(inputEvents),
        alert_rule_test: z.array(ruleTest).min(1),
      }),
    )
    .min(1),
});

export type RuleTestFile = z.infer<typeof testFile>;
export type RuleTest = RuleTestFile['tests'][number];
export type InputEvents = z.infer<typeof inputEvents>;

export function readRuleTests(path: string): RuleTestFile {
  return testFile.parse(parse(readFileSync(path, 'utf8')));
}
