import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { scopeText } from '../../src/domain/scope.ts';
import { parseRules } from '../../src/rules/parse.ts';
import { checkPartitioning } from '../../src/rules/partitioning.ts';
import { problemText } from '../../src/rules/problem.ts';
import { rulesJsonSchema } from '../../src/rules/schema.ts';
import { readRuleTests } from '../support/rule-test-file.ts';
import { Rehearsal } from '../support/rule-test-run.ts';

const FOLDER = fileURLToPath(new URL('../../rules', import.meta.url));
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml') && !name.endsWith('.test.yaml'));
const TEST_FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.test.yaml'));

function setOf(names: readonly string[]) {
  const result = parseRules(names.map((name) => ({ name, content: readFileSync(join(FOLDER, name)) })));
  if (result.status === 'invalid') throw new Error(result.problems.map(problemText).join('\n'));
  return result.set;
}

describe('shipped rules', () => {
  it('are one sound set that can be counted where events are partitioned by tenant', () => {
    expect(checkPartitioning(setOf(FILES), 'tenant')).toEqual([]);
  });

  it('each file has its test', () => {
    expect(TEST_FILES.map((name) => name.replace('.test.yaml', '.yaml'))).toEqual(FILES);
  });

  it.each(FILES)('%s is one that editors take, names the schema and says why it is there', (name) => {
    const text = readFileSync(join(FOLDER, name), 'utf8');
    const validate = new Ajv({ strict: false }).compile(rulesJsonSchema());
    expect(validate(parse(text)), JSON.stringify(validate.errors)).toBe(true);
    expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=../schema/rules.schema.json');
    expect(text).toContain('# Why: ');
  });

  it.each(setOf(FILES).rules.map((rule) => [rule.name, rule] as const))(
    '%s has a summary for people',
    (_name, rule) => {
      expect(rule.annotations).toHaveProperty('summary');
    },
  );

  it('only the idle session merely warns', () => {
    const merelyWarning = setOf(FILES).rules.filter(({ severity }) => severity !== 'critical');
    expect(merelyWarning.map(({ name }) => name)).toEqual(['SessionIdle']);
  });
});

describe.each(TEST_FILES)('%s', (file) => {
  const { rule_files, tests } = readRuleTests(join(FOLDER, file));
  const set = setOf(rule_files);

  it.each(tests)('$name', ({ input_events, alert_rule_test }) => {
    const rehearsal = new Rehearsal(set, input_events);
    for (const { eval_time, alertname, exp_alerts, exp_actions } of alert_rule_test) {
      expect(set.rules.map(({ name }) => name)).toContain(alertname);
      const { firing, decisions } = rehearsal.until(eval_time);
      const alerts = firing.filter(({ rule }) => rule.name === alertname);
      expect(alerts.map(({ key, evidence }) => ({ key: { ...key }, value: evidence.value }))).toEqual(
        exp_alerts.map(({ key, value }) => ({ key, value: value ?? expect.any(Number) })),
      );
      const actions = decisions.filter(({ alert }) => alert.rule.name === alertname);
      expect(actions.map(({ action, scope, mode }) => ({ action, scope: scopeText(scope), mode }))).toEqual(
        exp_actions.map((action) => ({ mode: expect.anything(), ...action })),
      );
    }
  });
});
