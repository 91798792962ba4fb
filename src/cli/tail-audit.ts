import { openLog } from '../daemon/open-ports.ts';
import type { AuditRecord } from '../domain/audit-record.ts';
import { actorText } from '../domain/kill-state.ts';
import { type Scope, scopeText } from '../domain/scope.ts';
import type { EventLog, LogRecord } from '../ports/event-log.ts';
import type { Cli } from './cli.ts';
import { type ConfigOptions, configOf } from './config-options.ts';
import { oneLine } from './format.ts';
import { quietLogger } from './logger.ts';
import { logMustExist } from './open-store.ts';
import type { OutputForm } from './options.ts';
import type { ExitCode } from './output.ts';

export interface TailOptions extends ConfigOptions {
  readonly lines: number;
  readonly follow?: boolean;
  readonly output: OutputForm;
}

/** Prints the newest records and, where asked, every one that comes. A record that was sent twice is printed once. */
export async function tailAudit(cli: Cli, options: TailOptions): Promise<ExitCode> {
  const config = configOf(cli, options);
  logMustExist(config);
  const log = await openLog(config, quietLogger(cli.terminal.env));
  const printer = new Printer(options.output === 'json' ? JSON.stringify : lineOf, cli.terminal.out);
  const { audit } = config.topics;
  try {
    if (options.follow === true) await follow(log, audit, options.lines, printer, cli.terminal.interrupted);
    else await log.readLast(audit, options.lines, (record) => printer.take(record));
    return 0;
  } finally {
    await log.close();
  }
}

/** Follows first and reads the newest then, so that nothing falls between the two; what comes meanwhile is held. */
async function follow(
  log: EventLog,
  topic: string,
  lines: number,
  printer: Printer,
  interrupted = new AbortController().signal,
): Promise<void> {
  printer.hold();
  const following = log.follow(topic, 'end', (record) => printer.take(record), interrupted);
  const newest: HeldRecord[] = [];
  const reading = log.readLast(topic, lines, (record) => newest.push(held(record)));
  await Promise.all([following, reading.then(() => printer.goOnAfter(newest))]);
}

/** What is needed of a record to print it later. */
type HeldRecord = Pick<LogRecord, 'topic' | 'partition' | 'offset' | 'value'>;

/** Values are views of a whole answer of the log, whose memory is used again: what is held is a copy. */
export function held({ topic, partition, offset, value }: LogRecord): HeldRecord {
  return { topic, partition, offset, value: value === null ? null : new Uint8Array(value) };
}

/** Ids remembered to tell what comes twice. */
const REMEMBERED_MAX = 10_000;

class Printer {
  readonly #form: (record: AuditRecord) => string;
  readonly #out: (text: string) => void;
  readonly #printed = new Set<string>();
  #held: HeldRecord[] | null = null;

  constructor(form: (record: AuditRecord) => string, out: (text: string) => void) {
    this.#form = form;
    this.#out = out;
  }

  hold(): void {
    this.#held = [];
  }

  /** These first, then what came meanwhile, then at once what comes. */
  goOnAfter(first: readonly HeldRecord[]): void {
    const meanwhile = this.#held ?? [];
    this.#held = null;
    for (const record of [...first, ...meanwhile]) this.#print(record);
  }

  take(record: LogRecord): void {
    if (this.#held === null) this.#print(record);
    else this.#held.push(held(record));
  }

  #print(record: HeldRecord): void {
    const audit = parse(record);
    if (audit === null) this.#out(`${record.topic}/${record.partition}@${record.offset} is no audit record\n`);
    else if (this.#isNew(audit.id)) this.#out(`${this.#form(audit)}\n`);
  }

  #isNew(id: string): boolean {
    if (this.#printed.has(id)) return false;
    this.#printed.add(id);
    const [oldest] = this.#printed;
    if (this.#printed.size > REMEMBERED_MAX && oldest !== undefined) this.#printed.delete(oldest);
    return true;
  }
}

function parse({ value }: HeldRecord): AuditRecord | null {
  try {
    const record = JSON.parse(Buffer.from(value ?? []).toString('utf8')) as AuditRecord;
    return typeof record.id === 'string' && typeof record.type === 'string' ? record : null;
  } catch {
    return null;
  }
}

const TYPE_WIDTH = 'decision.suppressed'.length;
const SEVERITY_WIDTH = 'critical'.length;

function lineOf(record: AuditRecord): string {
  const times = record.count === null || record.count === undefined ? '' : ` (${record.count}×)`;
  const words = [
    record.time,
    record.severity.padEnd(SEVERITY_WIDTH),
    record.type.padEnd(TYPE_WIDTH),
    scopeOf(record),
    `by ${actorText(record.actor)}:`,
    record.reason + times,
  ];
  return oneLine(words.join(' '), 500);
}

function scopeOf({ tenant_id: tenant, session_id: session, tool }: AuditRecord): string {
  const scope: Scope =
    tenant !== null && session !== null
      ? { kind: 'session', tenant, session }
      : tool !== null
        ? { kind: 'tool', tenant, pattern: tool }
        : tenant !== null
          ? { kind: 'tenant', tenant }
          : { kind: 'global' };
  return scopeText(scope);
}
