import { describe, expect, it } from 'vitest';
import { MAX_FILE_BYTES, parseRules } from '../../src/rules/parse.ts';
import { problemText } from '../../src/rules/problem.ts';
import { problemsOf, ruleText, SOUND, type SoundType, soundRule } from './rule-text.ts';

/** Lines added to a sound rule of a type, and the only thing that is wrong then. The added line is line `4 + keys`. */
const CASES: readonly (readonly [law: string, type: SoundType, lines: readonly string[], problem: string])[] = [
  [
    'an unknown key names the nearest',
    'event_count',
    ['cooldwn: 5m'],
    'r.yaml:8:9: the rule A has the unknown key "cooldwn", did you mean cooldown?',
  ],
  [
    'a key of another type says which',
    'event_count',
    ['field: cost_usd'],
    'r.yaml:8:9: field does not go with type event_count, expected it only with value_sum, session_total',
  ],
  [
    'a session measure takes no window',
    'session_total',
    ['window: 1m'],
    'r.yaml:8:9: window does not go with type session_total, expected it only with event_count, value_sum, duplicate_count, loop',
  ],
  [
    'a duration has a unit',
    'event_count',
    ['for: 30'],
    'r.yaml:8:14: for is 30, expected a duration like 0s, 30s or 5m, up to 366d',
  ],
  [
    'a duration is whole',
    'event_count',
    ['for: 1.5h'],
    'r.yaml:8:14: for is "1.5h", expected a duration like 0s, 30s or 5m, up to 366d',
  ],
  [
    'a duration is one number and one unit',
    'event_count',
    ['for: 1h30m'],
    'r.yaml:8:14: for is "1h30m", expected a duration like 0s, 30s or 5m, up to 366d (did you mean 90m?)',
  ],
  [
    'a duration is never negative',
    'event_count',
    ['for: -1s'],
    'r.yaml:8:14: for is "-1s", expected a duration like 0s, 30s or 5m, up to 366d',
  ],
  [
    'a duration ends somewhere',
    'event_count',
    ['for: 367d'],
    'r.yaml:8:14: for is "367d", expected a duration like 0s, 30s or 5m, up to 366d',
  ],
  [
    'a duration in words is told as it is written here',
    'event_count',
    ['cooldown: 2 weeks 1 hour'],
    'r.yaml:8:19: cooldown is "2 weeks 1 hour", expected a duration like 0s, 30s or 5m, up to 366d (did you mean 337h?)',
  ],
  [
    'a key that is called otherwise elsewhere says what it is here',
    'event_count',
    ['treshold: 3'],
    'r.yaml:8:9: there is no key "treshold", did you mean condition: {gt: 30}?',
  ],
  [
    'a number needs no quotes',
    'event_count',
    ['overrides: [{match: {tenant: a}, condition: {gt: "20"}}]'],
    'r.yaml:8:58: overrides[0].condition.gt is "20", expected a number of at least 0, without quotes',
  ],
  [
    'a comparison is written as a map',
    'event_count',
    ['match: {cost_usd: ">= 0.5"}'],
    'r.yaml:8:27: match.cost_usd is ">= 0.5", expected a map like {gte: 0.5}, with gt, gte, lt, lte, eq or neq',
  ],
  [
    'options stand below their action',
    'event_count',
    ['actions: [{flip_tenant: , mode: stop_all}]'],
    'r.yaml:8:19: actions[0] is a map, expected one action: indent mode deeper than flip_tenant, or write flip_tenant: {mode: …}',
  ],
  [
    'a part of a word is enough where it is of one only',
    'value_sum',
    ['group_by: [global]'],
    'r.yaml:9:20: group_by[0] is "global", expected tenant, session, agent, tool, global_tool or labels.<name> (did you mean global_tool?)',
  ],
  [
    'a severity is one of three',
    'event_count',
    ['severity: fatal'],
    'r.yaml:8:19: severity is "fatal", expected info, warning or critical',
  ],
  [
    'a flag is true or false',
    'event_count',
    ['simulate: yes'],
    'r.yaml:8:19: simulate is "yes", expected true or false',
  ],
  [
    'a key part is known',
    'event_count',
    ['group_by: [sesion]'],
    'r.yaml:8:20: group_by[0] is "sesion", expected tenant, session, agent, tool, global_tool or labels.<name> (did you mean session?)',
  ],
  [
    'a key part stands once',
    'event_count',
    ['group_by: [tool, tool]'],
    'r.yaml:8:26: group_by names tool twice, expected it once',
  ],
  [
    'global_tool stands alone',
    'event_count',
    ['group_by: [global_tool, session]'],
    'r.yaml:8:19: group_by has global_tool beside other parts, expected [global_tool] alone: its key has no tenant',
  ],
  [
    'a session measure is grouped by session',
    'session_age',
    ['group_by: [tenant]'],
    'r.yaml:7:19: session_age is measured per session, but group_by is [tenant], expected [session]',
  ],
  [
    'a loop without a window has a session',
    'loop',
    ['group_by: [tenant]'],
    'r.yaml:7:19: a loop without a window is counted per session, expected session in group_by, or a window',
  ],
  [
    'distinct_of_last has a bound',
    'loop',
    ['distinct_of_last: 65'],
    'r.yaml:7:27: distinct_of_last is 65, expected a whole number from 2 to 64',
  ],
  [
    'an argument path is a path',
    'value_sum',
    ['match: {args.: x}'],
    'r.yaml:9:17: match has the unknown key "args.", expected tool, kind, type, phase, status, error_type, tenant, session, agent, cost_usd, tokens_in, tokens_out, latency_ms, not, args.<path> or labels.<name>',
  ],
  [
    'a word that no event has',
    'event_count',
    ['match: {status: eror}'],
    'r.yaml:8:25: match.status is "eror", expected ok, error, blocked or cancelled (did you mean error?)',
  ],
  [
    'a word in a list that no event has',
    'event_count',
    ['match: {kind: [read, wrte]}'],
    'r.yaml:8:30: match.kind is "wrte", expected read or write (did you mean write?)',
  ],
  [
    'text is not compared',
    'event_count',
    ['match: {tool: {gt: 3}}'],
    'r.yaml:8:23: match.tool is a map, expected a glob or a list of globs (only numbers are compared)',
  ],
  [
    'numbers are compared',
    'event_count',
    ['match: {cost_usd: 3}'],
    'r.yaml:8:27: match.cost_usd is 3, expected a map like {gt: 3}, with gt, gte, lt, lte, eq or neq',
  ],
  [
    'a comparison compares',
    'event_count',
    ['match: {cost_usd: {}}'],
    'r.yaml:8:27: match.cost_usd is empty, expected one of gt, gte, lt, lte, eq, neq',
  ],
  [
    'a comparison has a number',
    'event_count',
    ['match: {args.n: {gt: many}}'],
    'r.yaml:8:30: match.args.n.gt is "many", expected a number',
  ],
  [
    'infinity is no number',
    'event_count',
    ['match: {args.n: {gt: .inf}}'],
    'r.yaml:8:30: match.args.n.gt is .inf, expected a number',
  ],
  [
    'not stands once',
    'event_count',
    ['match: {not: {not: {tool: x}}}'],
    'r.yaml:8:23: `not` stands inside another `not`, expected it once, at the top',
  ],
  [
    'a list of globs has one',
    'event_count',
    ['match: {tool: []}'],
    'r.yaml:8:23: match.tool has too few: it is a list, expected a glob or a list of at least one',
  ],
  [
    'nothing is no glob',
    'event_count',
    ['match: {tool: }'],
    'r.yaml:8:23: match.tool is empty, expected a text or glob of 1 to 512 characters',
  ],
  [
    'a call has no outcome',
    'event_count',
    ['match: {phase: call, status: error}'],
    'r.yaml:8:24: match has phase call beside status, which only results have, expected phase result or none',
  ],
  [
    'an action is known',
    'event_count',
    ['actions: [kill]'],
    'r.yaml:8:19: actions[0] is kill, expected terminate_session, flip_tenant or disable_tool',
  ],
  [
    'an action that needs approval waits for approvals',
    'event_count',
    ['actions: [flip_global]'],
    'r.yaml:8:19: flip_global needs the approval of two operators, and this version has no approvals yet, expected terminate_session, flip_tenant or disable_tool with scope tenant',
  ],
  [
    'a globally disabled tool does too',
    'event_count',
    ['group_by: [tool]', 'actions: [{disable_tool: {scope: global}}]'],
    'r.yaml:9:19: disable_tool with scope global needs the approval of two operators, and this version has no approvals yet, expected terminate_session, flip_tenant or disable_tool with scope tenant',
  ],
  [
    'there is nobody to notify yet',
    'event_count',
    ['actions: [{notify: {receiver: x}}]'],
    'r.yaml:8:19: notify needs a receiver, and this version has none yet, expected terminate_session, flip_tenant or disable_tool (every alert is in the audit topic anyway)',
  ],
  [
    'a session to terminate is known',
    'event_count',
    ['group_by: [tenant]', 'actions: [terminate_session]'],
    'r.yaml:9:19: terminate_session has no session to end: event_count is grouped by [tenant], expected session in group_by, or flip_tenant',
  ],
  [
    'distinct calls of a tenant are nobody’s',
    'loop',
    ['window: 1m', 'group_by: [tenant]', 'distinct_of_last: 12', 'actions: [terminate_session]'],
    'r.yaml:10:19: terminate_session has no session to end: loop with distinct_of_last is grouped by [tenant], expected session in group_by, or flip_tenant',
  ],
  [
    'a tenant to flip is known',
    'event_count',
    ['group_by: [global_tool]', 'actions: [flip_tenant]'],
    'r.yaml:9:19: flip_tenant has no tenant: global_tool counts over all of them, expected another group_by',
  ],
  [
    'a tool to disable is known',
    'event_count',
    ['actions: [disable_tool]'],
    'r.yaml:8:19: disable_tool has no single tool, expected tool in group_by, or duplicate_count or loop with tool in the fingerprint',
  ],
  [
    'an action stands once',
    'event_count',
    ['actions: [terminate_session, terminate_session]'],
    'r.yaml:8:38: terminate_session stands here twice, expected it once',
  ],
  [
    'an option of an action is known',
    'event_count',
    ['actions: [{flip_tenant: {tll: 5m}}]'],
    'r.yaml:8:34: flip_tenant has the unknown key "tll", did you mean ttl?',
  ],
  [
    'a mode is known',
    'event_count',
    ['actions: [{flip_tenant: {mode: stop}}]'],
    'r.yaml:8:40: flip_tenant.mode is "stop", expected stop_new_runs, disable_writes or stop_all',
  ],
  [
    'only critical rules act',
    'event_count',
    ['severity: warning', 'actions: [terminate_session]'],
    'r.yaml:8:19: severity is warning, and only critical rules act, expected severity: critical, or no actions (simulate: true only rehearses them)',
  ],
  [
    'a critical rule does something',
    'event_count',
    ['group_by: [agent]', 'severity: critical'],
    'r.yaml:9:19: a critical rule grouped by [agent] has no action of its own, expected actions (actions: [] only alerts)',
  ],
  [
    'an override is about the key',
    'event_count',
    ['overrides: [{match: {agent: x}, condition: {gt: 3}}]'],
    "r.yaml:8:37: the override names agent, but the rule's key has only tenant or session, expected one of these",
  ],
  [
    'an override is about somebody',
    'event_count',
    ['overrides: [{match: {}, condition: {gt: 3}}]'],
    'r.yaml:8:29: the override names no key, expected tenant or session with a glob',
  ],
  [
    'an exception is about the key',
    'event_count',
    ['exceptions: [{tool: x}]'],
    "r.yaml:8:29: the exception names tool, but the rule's key has only tenant or session, expected one of these",
  ],
  [
    'an exception is about somebody',
    'event_count',
    ['exceptions: [{comment: all of them}]'],
    'r.yaml:8:22: the exception names no key, expected tenant or session with a glob',
  ],
  [
    'an exception ends on a day that exists',
    'event_count',
    ['exceptions: [{tenant: a, until: 2027-02-30T00:00:00Z}]'],
    'r.yaml:8:41: exceptions[0].until is "2027-02-30T00:00:00Z", expected a time like 2027-01-01T00:00:00Z',
  ],
  [
    'a placeholder has a value',
    'event_count',
    ['annotations: {summary: "{{ sesion }}"}'],
    'r.yaml:8:32: annotations.summary has the placeholder "sesion", which this rule has no value for, did you mean session?',
  ],
  [
    'a tool that the key has not is no placeholder',
    'event_count',
    ['annotations: {summary: "{{ tool }}"}'],
    'r.yaml:8:32: annotations.summary has the placeholder "tool", which this rule has no value for, expected one of tenant, session, value, threshold or window',
  ],
  [
    'a placeholder is closed',
    'event_count',
    ['annotations: {summary: "{{ value"}'],
    'r.yaml:8:32: annotations.summary has {{ without }}, expected a placeholder like {{ value }}',
  ],
  [
    'a key stands once',
    'event_count',
    ['window: 2m'],
    'r.yaml:8:9: "window" is written twice in one map, expected once',
  ],
  [
    'a label has a name',
    'event_count',
    ['labels: {"a b": c}'],
    'r.yaml:8:18: "a b" is no name, expected names like team or runbook_url',
  ],
  [
    'a fingerprint has parts',
    'loop',
    ['fingerprint: [toool]'],
    'r.yaml:7:23: fingerprint[0] is "toool", expected tool, args, idempotency_key or args.<path> or labels.<name> (did you mean tool?)',
  ],
];

describe('a wrong rule is told at its place, with what was expected', () => {
  it.each(CASES)('%s', (_law, type, lines, problem) => {
    expect(problemsOf(soundRule(type, ...lines))).toEqual([problem]);
  });
});

describe('conditions', () => {
  const condition = (type: SoundType, written: string, ...more: string[]) =>
    problemsOf(
      ruleText([...SOUND[type].filter((line) => !line.startsWith('condition')), ...more, `condition: ${written}`]),
    );

  it.each([
    [
      'exactly one comparison',
      'event_count',
      '{gt: 3, lt: 9}',
      [],
      'r.yaml:7:20: condition has gt and lt, expected exactly one of gt, gte, lt, lte, eq, neq',
    ],
    [
      'at least one',
      'event_count',
      '{}',
      [],
      'r.yaml:7:20: condition is empty, expected one of gt, gte, lt, lte, eq, neq',
    ],
    ['a number', 'event_count', '{gt: 1m}', [], 'r.yaml:7:25: condition.gt is "1m", expected a number of at least 0'],
    [
      'never negative',
      'event_count',
      '{gt: -1}',
      [],
      'r.yaml:7:25: condition.gt is -1, expected a number of at least 0',
    ],
    [
      'a duration for age',
      'session_age',
      '{gt: 1800}',
      [],
      'r.yaml:6:25: condition.gt is 1800, expected a duration like 30m or 2h',
    ],
    [
      'not what always holds',
      'event_count',
      '{gte: 0}',
      [],
      'r.yaml:7:20: condition {gte: 0} always holds, expected a threshold above 0',
    ],
    [
      'below is for whole windows, not for sessions',
      'event_count',
      '{lt: 3}',
      [],
      'r.yaml:7:20: condition has lt, but it is judged on whole windows, which a session need not have, expected gt or gte',
    ],
    [
      'below is nothing for a total',
      'session_total',
      '{eq: 3}',
      [],
      'r.yaml:7:20: condition has eq, but session_total only grows, expected gt or gte',
    ],
    [
      'twelve calls are never more than twelve different ones',
      'loop',
      '{lte: 12}',
      ['distinct_of_last: 12'],
      'r.yaml:7:20: condition {lte: 12} always holds among 12 calls, expected one like {lte: 3}',
    ],
    [
      'nor less than one',
      'loop',
      '{lt: 1}',
      ['distinct_of_last: 12'],
      'r.yaml:7:20: condition {lt: 1} never holds among 12 calls, expected one like {lte: 3}',
    ],
  ] as const)('%s', (_law, type, written, more, problem) => {
    expect(condition(type, written, ...more)).toEqual([problem]);
  });

  it.each([
    ['below, for whole windows of a tenant', 'event_count', '{lt: 3}', ['group_by: [tenant]']],
    ['few different calls of a session', 'loop', '{lte: 3}', ['distinct_of_last: 12']],
    ['a duration', 'session_idle', '{gte: 90s}', []],
  ] as const)('%s is sound', (_law, type, written, more) => {
    expect(condition(type, written, ...more)).toEqual([]);
  });
});

describe('files', () => {
  it.each([
    [
      'an empty file is cut short, not empty of rules',
      '',
      'r.yaml:1:1: the file is empty, expected groups of rules (groups: [] for none)',
    ],
    [
      'so is one of comments',
      '# soon\n',
      'r.yaml:1:1: the file is empty, expected groups of rules (groups: [] for none)',
    ],
    ['a list is no file of rules', '- a', 'r.yaml:1:1: the file is a list, expected a map with groups'],
    ['groups are needed', '{}', 'r.yaml:1:1: the file has no groups, expected a list of groups of rules'],
    [
      'one document',
      'groups: []\n---\ngroups: []\n',
      'r.yaml:2:1: a second YAML document begins here, expected one document per file',
    ],
    [
      'a group has a name',
      'groups: [{rules: []}]',
      'r.yaml:1:10: the group has no name, expected a name of its own, like runaway-sessions',
    ],
    [
      'a limit is positive',
      'groups: [{name: g, rules: [], limit: {max: 0, per: 1m}}]',
      'r.yaml:1:44: limit.max is 0, expected a whole number of at least 1',
    ],
    [
      'a rule is a map',
      'groups: [{name: g, rules: [x]}]',
      'r.yaml:1:28: a rule is "x", expected a map with alert, type and condition',
    ],
    [
      'a type is needed',
      ruleText(['alert: A']),
      'r.yaml:4:9: the rule A has no type, expected event_count, value_sum, duplicate_count, loop, session_total, session_age or session_idle',
    ],
    [
      'a type of later says so',
      ruleText(['alert: A', 'type: deviation']),
      'r.yaml:5:15: type is "deviation", which this version does not have, expected event_count, value_sum, duplicate_count, loop, session_total, session_age or session_idle',
    ],
    [
      'an unresolved tag is told',
      'groups: !!js []',
      'r.yaml:1:9: not readable as YAML: a value that begins with ! means a type to YAML, expected quotes around it',
    ],
    [
      'a glob that begins with a star is told to be quoted',
      'groups: [*.send]',
      'r.yaml:1:10: *.send without quotes means an anchor, and there is none, expected "*.send"',
    ],
    ['bytes that are no UTF-8', new Uint8Array([0xff]), 'r.yaml:1:1: the file is not UTF-8, expected YAML in UTF-8'],
    [
      'a file has a size',
      '#'.repeat(MAX_FILE_BYTES + 1),
      'r.yaml:1:1: the file has 65537 bytes, expected at most 65536: split it',
    ],
  ])('%s', (_law, text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it.each([
    '^email',
    'send$',
    '/email.*/',
    'email\\\\..*',
    'a.+',
    'email.(send|draft)',
    'x[a-z]',
    '[xy]*',
    'email.{send,draft}',
  ])('%s where a glob is expected would never match, so it is refused', (pattern) => {
    const plain = pattern.replace('\\\\', '\\');
    const expected =
      'expected a glob or a list of globs, no regular expression: * is any text, ? any one character, also a ^ or [ that is meant';
    expect(problemsOf(soundRule('event_count', `match: {tool: [a, "${pattern}"]}`))).toEqual([
      `r.yaml:8:27: match.tool is "${plain}", ${expected}`,
    ]);
    expect(problemsOf(soundRule('event_count', `exceptions: [{tenant: "${pattern}"}]`))).toHaveLength(1);
    expect(problemsOf(soundRule('event_count', `match: {args.x: "${pattern}"}`))).toEqual([]);
  });

  it.each([
    ['a tab indents', ['\t  for: 1m'], ['a tab indents this line, expected spaces']],
    [
      'every line with a tab',
      ['\tfor: 1m', '\tcooldown: 1m'],
      Array(2).fill('a tab indents this line, expected spaces'),
    ],
    [
      'a key too far left',
      ['for: 1m', '-cooldown: 1m'],
      ['this line is indented like no line above it, expected the column of its keys'],
    ],
    [
      'a key too far right',
      ['for: 1m', '  cooldown: 1m'],
      [
        'a "key: value" stands within a value, expected the next line at the column of its key, or quotes around the value',
      ],
    ],
    [
      'no colon',
      ['for 1m', 'cooldown: 1m'],
      ['this line is no "key: value", expected a colon and a blank after its key'],
    ],
    ['an open bracket', ['group_by: [session', 'for: 1m'], ['a [ is not closed before here, expected ]']],
    ['an open brace', ['match: {kind: write', 'for: 1m'], ['a { is not closed before here, expected }']],
    ['an open quote', ['labels: {a: "b}'], ['a " is not closed before here, expected another "']],
    ['a comparison as a text', ['for: > 20'], ['a value begins with > or |, expected quotes around it']],
    [
      'a placeholder without quotes',
      ['labels: {{ session }} sent'],
      ['more follows after the end of a value, expected quotes around all of it'],
    ],
    [
      'a regular expression in double quotes',
      ['match: {tool: "email\\.*"}'],
      [`a backslash in "…" begins an escape, expected another one before it, or '…' around the text`],
    ],
  ])('%s: one sentence, and no other that follows from it', (_law, lines, messages) => {
    const text = ruleText([...SOUND.event_count, ...lines])
      .replace(/^ {8}-/m, '       ')
      .replace(/^ +\t/gm, '\t');
    expect(problemsOf(text).map((problem) => problem.replace(/^r\.yaml:\d+:\d+: not readable as YAML: /, ''))).toEqual(
      messages,
    );
  });

  it('names are unique over all files, and the first place is named', () => {
    const text = soundRule('loop');
    const result = parseRules([
      { name: 'a.yaml', content: text },
      { name: 'b.yaml', content: text },
    ]);
    expect(result.status === 'invalid' && result.problems.map(problemText)).toEqual([
      'b.yaml:2:11: the group g stands already at a.yaml:2:11, expected a name of its own',
      'b.yaml:4:16: the alert A stands already at a.yaml:4:16, expected a name of its own',
    ]);
  });

  it('all problems of all files are told at once, in order, whatever else is wrong', () => {
    const result = parseRules([
      { name: 'b.yaml', content: 'groups: [' },
      {
        name: 'a.yaml',
        content: `${soundRule('loop', 'cooldown: 5')}\n      - {alert: B, type: loop, condition: {gte: 0}}\n    limit: 3`,
      },
    ]);
    expect(result.status === 'invalid' && result.problems.map(problemText)).toEqual([
      'a.yaml:7:19: cooldown is 5, expected a duration like 0s, 30s or 5m, up to 366d',
      'a.yaml:8:43: condition {gte: 0} always holds, expected a threshold above 0',
      'a.yaml:9:12: limit is 3, expected a map with max or per',
      expect.stringMatching(/^b\.yaml:1:10: not readable as YAML: /),
    ]);
  });
});
