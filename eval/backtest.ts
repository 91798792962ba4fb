import { runProgram } from '../src/cli/program.ts';
import { sessionKey } from './source.ts';

/** The first time that the rules ended a session. */
export interface Kill {
  readonly rule: string;
  readonly reason: string;
  /** Of the call that decided it. */
  readonly eventId: string;
}

/** What the public backtest command said about one file. */
export interface Verdict {
  /** By `sessionKey`. */
  readonly kills: ReadonlyMap<string, Kill>;
  /** Switches that would have been tripped for more than one session: scope and reason. */
  readonly wider: readonly string[];
  /** What the command said beside its records: how much was read and what was no event. */
  readonly notes: string;
}

/** What we read of an audit record. */
export interface AuditLine {
  readonly type: string;
  readonly tenant_id: string;
  readonly session_id: string | null;
  readonly tool?: string | null;
  readonly reason: string | null;
  readonly rule: { readonly name: string } | null;
  readonly evidence: { readonly events: readonly { readonly event_id?: string }[] } | null;
}

/** Runs `sentinel rules backtest` in this process, untouched by the environment. @throws Error where it fails */
export async function backtest(rules: string, eventsFile: string): Promise<Verdict> {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await runProgram(['rules', 'backtest', '--rules', rules, '--events', eventsFile, '-o', 'json'], {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    isTty: false,
    env: {},
  });
  if (code !== 0) throw new Error(`the backtest of ${eventsFile} failed: ${err.join('')}`);
  const lines = out.join('').split('\n');
  const records = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as AuditLine);
  return { ...readRecords(records), notes: err.join('') };
}

/** Records in the order in which they would have been written. */
export function readRecords(records: readonly AuditLine[]): Pick<Verdict, 'kills' | 'wider'> {
  const kills = new Map<string, Kill>();
  const wider: string[] = [];
  for (const record of records) {
    const { type, tenant_id, session_id, tool, reason, rule, evidence } = record;
    if (type === 'switch.tripped' || type === 'tool.disabled') {
      wider.push(`${tenant_id} ${tool ?? ''}${rule?.name}: ${reason}`);
    } else if (type === 'session.terminated' && session_id !== null) {
      const key = sessionKey(tenant_id, session_id);
      const eventId = evidence?.events.at(-1)?.event_id ?? '';
      if (!kills.has(key)) kills.set(key, { rule: rule?.name ?? '', reason: reason ?? '', eventId });
    }
  }
  return { kills, wider };
}
