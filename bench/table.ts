import type { Figure, Goal } from './figure.ts';

const HEAD = [
  'measure',
  'subject',
  'median',
  'what',
  'runs',
  'CPU s',
  'wall s',
  'MB',
  'events',
  'sessions',
  'batch',
  'rules',
  'goals',
];

/** The result for people, one figure a line. */
export function tableText(figures: readonly Figure[]): string {
  const rows = [HEAD, ...figures.map(rowOf)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  const remarks = figures.flatMap(({ measure, subject, invalid, notes }) => [
    ...(invalid === null ? [] : [`INVALID ${measure}, ${subject}: ${invalid}`]),
    ...(notes === undefined ? [] : [`${measure}, ${subject}: ${notes}`]),
  ]);
  return [lines[0], lines[0]!.replace(/[^ ]/g, '-'), ...lines.slice(1), '', ...remarks].join('\n');
}

function rowOf(figure: Figure): string[] {
  const { measure, subject, value, what, runs, cpuS, wallS, memoryMb, workload, goals, invalid } = figure;
  const { events, sessions, batch, rules } = workload;
  return [
    ...[
      measure,
      subject,
      `${numberText(value)}${invalid === null ? '' : ' (invalid)'}`,
      what,
      runs.map(numberText).join(' / '),
    ],
    ...[cpuS, wallS, memoryMb, events, sessions, batch].map(numberText),
    ...[rules ?? '', goals.map(goalText).join('; ')],
  ];
}

function goalText({ kind, text, actual, met }: Goal): string {
  return `${met ? 'met' : kind === 'aim' ? 'not yet' : 'MISSED'}: ${text} (${numberText(actual)})`;
}

/** Three digits that count, or all of a whole number. */
export function numberText(value: number | null): string {
  if (value === null) return '';
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return Number(value.toPrecision(3)).toString();
}
