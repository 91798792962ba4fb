import { formatDuration } from '../domain/duration.ts';
import { actorText, type BriefEvidence, type KillState } from '../domain/kill-state.ts';
import type { SourcePlace } from '../domain/rule.ts';
import type { Scope } from '../domain/scope.ts';
import type { GuardCount } from '../killswitch/guard-count.ts';
import type { IndexEntry } from './all-states.ts';
import { oneLine, timeText } from './format.ts';
import { guardsText } from './guards-text.ts';
import { table } from './output.ts';

export interface Explained {
  readonly entry: IndexEntry;
  readonly guards: GuardCount;
  /** The store's time, ms. */
  readonly now: number;
  readonly rule: SourcePlace | null;
  readonly rulesDir: string;
  readonly above: readonly IndexEntry[];
  readonly json: object;
}

const DAY_MS = 86_400_000;

/** For a person at night: what, why, by whom, and what to type next. */
export function explainedText(explained: Explained): string {
  const { entry, above } = explained;
  const also = above.map(({ text, state }) => [
    'also denies',
    `${oneLine(text)} is ${state.mode}: ${oneLine(state.reason)}`,
  ]);
  return `${headline(entry)}${table([...facts(explained), ...also].map((row) => ['', ...row]))}${helpText(explained)}`;
}

function headline({ text, state }: IndexEntry): string {
  const until = state.expires_at === null ? '' : `, until ${timeText(state.expires_at)}`;
  return state.mode !== 'none'
    ? `${oneLine(text)} is ${state.mode} since ${timeText(state.at)}${until}\n`
    : `${oneLine(text)} is not tripped; cleared at ${timeText(state.at)}\n`;
}

function facts({ entry: { state }, guards, rule, rulesDir, now }: Explained): string[][] {
  const rows = [
    ['why', oneLine(state.reason)],
    ['by', oneLine(actorText(state.actor))],
    ['decision', state.decision_id],
  ];
  if (state.rule !== null)
    rows.push([
      'rule',
      `${state.rule} (${rule === null ? `not found in the folder ${rulesDir}: name the daemon's with --rules` : placeText(rule)})`,
    ]);
  if (state.evidence !== null) rows.push(...evidenceRows(state.evidence));
  rows.push(['guards', guardsText(guards)], ...carried(state, now));
  return rows;
}

function evidenceRows({ measure, value, threshold, window_ms, events }: BriefEvidence): string[][] {
  const amount = /^session_(age|idle)/.test(measure) ? (ms: number) => formatDuration(Math.round(ms)) : String;
  const during = window_ms === null ? '' : ` in ${formatDuration(window_ms)}`;
  const places = events.map(({ topic, partition, offset }) => `${topic}/${partition}@${offset}`);
  return [
    ['measured', `${measure} is ${amount(value)}${during}, threshold ${amount(threshold)}`],
    ...(places.length === 0 ? [] : [['events', places.join(', ')]]),
  ];
}

function carried({ fence, hold_until }: KillState, now: number): string[][] {
  return [
    ...(fence === null ? [] : [['fence', `automation acts only on what was appended after ${timeText(fence)}`]]),
    ...(hold_until === null || hold_until <= now
      ? []
      : [['hold', `automation keeps off until ${timeText(hold_until)}`]]),
  ];
}

/** The three things that help: lift it, keep the rule off it, look at the rule. */
function helpText({ entry: { scope, text, state }, rule, now }: Explained): string {
  if (state.mode === 'none') return '';
  const lift = `sentinel restore ${shellWord(text)} --reason "…" --hold 30m`;
  if (state.rule === null) return `To lift it:\n  ${lift}\n`;
  const until = timeText(now + DAY_MS);
  return [
    'To lift it, and keep automation off for half an hour:',
    `  ${lift}`,
    `To keep the rule ${state.rule} off it for a day, add to the rule:`,
    `  exceptions: [{${exceptionOf(scope)}until: ${until}, comment: "…"}]`,
    ...(rule === null ? [] : ['To change the rule:', `  ${placeText(rule)}`]),
    '',
  ].join('\n');
}

function exceptionOf(scope: Scope): string {
  const fields: Record<string, string | null> =
    scope.kind === 'global'
      ? {}
      : {
          tenant: scope.tenant,
          session: scope.kind === 'session' ? scope.session : null,
          tool: scope.kind === 'tool' ? scope.pattern : null,
        };
  return Object.entries(fields)
    .flatMap(([name, id]) => (id === null ? [] : [`${name}: ${JSON.stringify(id)}, `]))
    .join('');
}

function placeText({ file, line, column }: SourcePlace): string {
  return `${file}:${line}:${column}`;
}

/** To be pasted into a shell, whatever an agent called its session. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${oneLine(text, 1_000).replaceAll("'", `'\\''`)}'`;
}
