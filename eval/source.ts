import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { groupBy } from './group-by.ts';

const EVENTS = /\.events(\.ndjson(?:\.gz)?)$/;

/** One log of sessions: a file of events and one of labels. */
export interface Source {
  readonly name: string;
  readonly eventsFile: string;
  readonly sessions: readonly Session[];
}

/** A labelled session that made at least one call. */
export interface Session {
  readonly tenantId: string;
  readonly sessionId: string;
  readonly group: Group;
  /** In the order of the file. */
  readonly calls: readonly Call[];
}

export interface Call {
  readonly eventId: string;
  /** Tool and arguments as text: equal for identical calls. */
  readonly operation: string;
  readonly isWrite: boolean;
}

export interface Group {
  readonly name: string;
  /** clean: neither attacked nor pathological. pathology: labelled as looping or stuck by the benchmark, not by any rule. */
  readonly kind: 'clean' | 'attacked' | 'pathology' | 'unlabelled';
}

interface Label {
  readonly tenant_id: string;
  readonly session_id: string;
  readonly pathology: string | null;
  readonly attack?: string | null;
  readonly attack_succeeded?: boolean | null;
  readonly role?: string;
}

interface Event {
  readonly event_id: string;
  readonly tenant_id: string;
  readonly session_id: string;
  readonly tool: string;
  readonly kind: string;
  readonly args: unknown;
}

/** Nothing in this log is labelled: its sessions are neither clean nor pathological. */
const UNLABELLED: readonly string[] = ['lmcache'];

/** The sources of a folder, by name: every `X.events.ndjson` that has its `X.labels.ndjson`, both plain or both `.gz`. */
export function readSources(folder: string): Source[] {
  const files = new Set(readdirSync(folder));
  return [...files]
    .filter((file) => EVENTS.test(file) && files.has(labelsFile(file)))
    .sort()
    .map((file) => readSource(folder, file));
}

/** Sessions are told apart by tenant and id; neither holds a line break. */
export function sessionKey(tenantId: string, sessionId: string): string {
  return `${tenantId}\n${sessionId}`;
}

function readSource(folder: string, file: string): Source {
  const name = file.replace(EVENTS, '');
  const eventsFile = join(folder, file);
  const calls = groupBy(readLines<Event>(eventsFile), (event) => sessionKey(event.tenant_id, event.session_id));
  const sessions = readLines<Label>(join(folder, labelsFile(file))).flatMap((label): Session[] => {
    const its = calls.get(sessionKey(label.tenant_id, label.session_id));
    if (its === undefined) return [];
    const { tenant_id: tenantId, session_id: sessionId } = label;
    return [{ tenantId, sessionId, group: groupOf(name, label), calls: its.map(callOf) }];
  });
  return { name, eventsFile, sessions };
}

function labelsFile(eventsFile: string): string {
  return eventsFile.replace(EVENTS, '.labels$1');
}

function groupOf(source: string, { pathology, attack, attack_succeeded: succeeded, role }: Label): Group {
  if (UNLABELLED.includes(source)) return { name: 'unlabelled', kind: 'unlabelled' };
  if (pathology) return { name: pathology, kind: 'pathology' };
  if (attack) return { name: succeeded ? 'attack succeeded' : 'attack failed', kind: 'attacked' };
  return { name: role === 'user' ? 'simulated user' : 'normal', kind: 'clean' };
}

function callOf({ event_id: eventId, tool, kind, args }: Event): Call {
  return { eventId, operation: `${tool} ${inOrder(args)}`, isWrite: kind === 'write' };
}

/** JSON whose members are in the order of their names, so that equal arguments are equal text. */
function inOrder(value: unknown): string {
  return JSON.stringify(value, (_key, part) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

function readLines<T>(file: string): T[] {
  const bytes = readFileSync(file);
  return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}
