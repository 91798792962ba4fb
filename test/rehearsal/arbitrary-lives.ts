import fc from 'fast-check';
import type { OutMessage } from '../../src/ports/event-log.ts';
import type { Happening, PlainEvent, PlainRule, Setup } from '../oracle/plain.ts';
import { BASE } from '../oracle/telling.ts';
import { unfencedScenario } from '../properties/arbitrary-streams.ts';
import { anyProducerClock, type ProducerClock, timeAt } from './arbitrary-producers.ts';
import { actingRules, anyResponse } from './arbitrary-responses.ts';
import type { Live } from './live.ts';

/** Random rules, random streams by producers with clocks of their own, and what happens to the daemon meanwhile. */
export interface AnyLife {
  readonly rules: string;
  readonly said: Pick<Setup, 'tools' | 'sessionEndsAfterMs'>;
  readonly partitions: number;
  readonly produced: readonly Produced[];
  readonly breaks: Breaks;
  readonly nothingStands: boolean;
  /** No rule has a cooldown. */
  readonly uncooled: boolean;
}

/** One moment of the stream: the clock goes to `at`, epoch ms, and perhaps something is appended. */
interface Produced {
  readonly at: number;
  readonly message: OutMessage | null;
}

export interface Breaks {
  /** Before which of the moments the daemon starts for the first time. */
  readonly begin: number;
  /** After which it stops and starts again at once. */
  readonly restarts: readonly number[];
  /** It stops after one, and starts again, an hour later, after another. */
  readonly down: { readonly from: number; readonly to: number } | null;
}

const HOUR_MS = 3_600_000;
/** The broker's own clock may go back a little, and no more than a drained partition allows for. */
const BROKER_BACK_MS = 20;

/** Every time of a rule that many times as long. */
function slower(rule: PlainRule, scale: number): PlainRule {
  const { measure, condition, overrides } = rule;
  const isDuration = measure.type === 'session_age' || measure.type === 'session_idle';
  const scaled = (one: PlainRule['condition']) => (isDuration ? { ...one, threshold: one.threshold * scale } : one);
  return {
    ...rule,
    measure: measure.type === 'session_age' ? { ...measure, activeWithinMs: measure.activeWithinMs * scale } : measure,
    windowMs: rule.windowMs === null ? null : rule.windowMs * scale,
    forMs: rule.forMs * scale,
    keepFiringForMs: rule.keepFiringForMs * scale,
    condition: scaled(condition),
    overrides: overrides.map((override) => ({ ...override, condition: scaled(override.condition) })),
  };
}

interface Raw {
  readonly happenings: readonly Happening[];
  readonly scale: number;
  readonly clocks: readonly ProducerClock[];
  readonly clockOf: 'session' | 'event';
  readonly junk: readonly (string | null)[];
  readonly down: Breaks['down'];
}

/** The stream on the broker's clock, an hour longer where the daemon is down. */
function produce({ happenings, scale, clocks, clockOf, junk, down }: Raw): Produced[] {
  let newest = BASE;
  return happenings.flatMap((happening, index): Produced[] => {
    const written = 'record' in happening ? happening.appendedAt : 'advance' in happening ? happening.advance : BASE;
    const at = BASE + (written - BASE) * scale + downtime(index, down);
    newest = Math.max(newest, at);
    const now = Math.max(at, newest - BROKER_BACK_MS);
    if (!('record' in happening)) return [{ at: newest, message: null }];
    const { record } = happening;
    const clock = clocks[clockNumber(record, index, clockOf) % clocks.length]!;
    const jitter = record.ts - happening.appendedAt;
    const ts = timeAt(clock, BASE, now, index) + (Math.abs(jitter) < 1_000 ? jitter * scale : jitter);
    const event = { key: record.tenant_id, value: JSON.stringify({ ...record, ts }) };
    const noise = { key: 'acme', value: junk[index % junk.length] ?? null };
    const moments = index % 7 === 3 ? [event, noise] : [event];
    return moments.map((message) => ({ at: now, message }));
  });
}

/** How much of the hour is over by then, ms. */
function downtime(index: number, down: Breaks['down']): number {
  if (down === null || index <= down.from) return 0;
  return Math.round(HOUR_MS * Math.min(1, (index - down.from) / (down.to - down.from)));
}

export function clockNumber({ tenant_id, session_id }: PlainEvent, index: number, of: Raw['clockOf']): number {
  return of === 'event' ? index : tenant_id.length + Number(session_id.slice(1));
}

/** With several partitions nobody sees all of a global tool. */
export const isLocal = ({ groupBy }: PlainRule) => !groupBy.includes('global_tool');

const down = fc.option(fc.record({ from: fc.nat({ max: 40 }), long: fc.integer({ min: 1, max: 40 }) }), { freq: 2 });

/** `late`: the daemon starts only when much is in the log already, and replays it quietly. */
export function anyLife(late: boolean): fc.Arbitrary<AnyLife> {
  return fc
    .record({
      scenario: unfencedScenario,
      scale: fc.constantFrom(1, 1, 100, 1_000),
      responses: fc.array(anyResponse, { minLength: 5, maxLength: 5 }),
      uncooled: fc.boolean(),
      partitions: fc.constantFrom(1, 3),
      clocks: fc.array(anyProducerClock, { minLength: 1, maxLength: 3 }),
      clockOf: fc.constantFrom('session' as const, 'event' as const),
      junk: fc.array(fc.constantFrom(null, '{"no":"event"}', 'no json', '{'), { minLength: 1, maxLength: 3 }),
      begin: late ? fc.integer({ min: 5, max: 60 }) : fc.constant(0),
      restarts: fc.uniqueArray(fc.nat({ max: 60 }), { maxLength: 2 }),
      down,
      nothingStands: late ? fc.constant(false) : fc.boolean(),
    })
    .map(({ scenario: { setup, happenings }, scale, responses, uncooled, partitions, ...chosen }) => {
      const rules = (partitions === 1 ? setup.rules : setup.rules.filter(isLocal)).map((rule) => slower(rule, scale));
      const hot = uncooled ? responses.map((response) => ({ ...response, cooldownMs: 0 })) : responses;
      const gone =
        chosen.down === null
          ? null
          : { from: chosen.begin + chosen.down.from, to: chosen.begin + chosen.down.from + chosen.down.long };
      return {
        rules: actingRules(rules, hot, scale),
        said: { tools: setup.tools, sessionEndsAfterMs: setup.sessionEndsAfterMs * scale },
        partitions,
        produced: produce({ ...chosen, happenings, scale, down: gone }),
        breaks: { begin: chosen.begin, restarts: chosen.restarts, down: gone },
        nothingStands: chosen.nothingStands,
        uncooled,
      };
    });
}

/** A stream that goes on for an hour after the daemon was stopped. */
export interface Backlog {
  readonly rules: string;
  readonly said: AnyLife['said'];
  readonly partitions: number;
  readonly before: readonly Produced[];
  readonly meanwhile: readonly Produced[];
  /** How long nothing came when the daemon starts again, ms. */
  readonly silence: number;
}

/** Rules that act at once or never: no cooldowns, no exceptions, nothing that fires on after its condition. */
export const anyBacklog: fc.Arbitrary<Backlog> = fc
  .record({
    scenario: unfencedScenario,
    scale: fc.constantFrom(100, 1_000),
    responses: fc.array(anyResponse, { minLength: 5, maxLength: 5 }),
    partitions: fc.constantFrom(1, 3),
    clocks: fc.array(anyProducerClock, { minLength: 1, maxLength: 3 }),
    clockOf: fc.constantFrom('session' as const, 'event' as const),
    from: fc.integer({ min: 1, max: 20 }),
    silence: fc.constantFrom(0, 1_000, 60_000, 600_000),
  })
  .map(({ scenario: { setup, happenings }, scale, responses, partitions, from, silence, ...chosen }) => {
    const local = partitions === 1 ? setup.rules : setup.rules.filter(isLocal);
    const rules = local.map((rule) => slower({ ...rule, keepFiringForMs: 0 }, scale));
    const plain = responses.map((response) => ({ ...response, cooldownMs: 0, exception: null }));
    const records = happenings.filter((happening) => 'record' in happening);
    const stop = Math.min(from, records.length - 2);
    const gone = { from: stop, to: records.length - 1 };
    const produced = produce({ ...chosen, happenings: records, scale, down: gone, junk: [null] });
    const newest = Math.max(...produced.slice(0, stop + 1).map(({ at }) => at));
    // No instant of the log is in both.
    const first = produced.findIndex(({ at }) => at > newest);
    return {
      rules: actingRules(rules, plain, scale),
      said: { tools: setup.tools, sessionEndsAfterMs: setup.sessionEndsAfterMs * scale },
      partitions,
      before: produced.slice(0, first),
      meanwhile: produced.slice(first),
      silence,
    };
  });

/** Lives it. @returns the horizon that all partitions reached in the end, and where the first start began to read */
export async function lived(
  live: Live,
  { produced, breaks }: AnyLife,
): Promise<{ readonly to: number; readonly from: readonly number[] }> {
  let from: readonly number[] = [];
  let isUp = false;
  const begin = Math.min(breaks.begin, produced.length - 1);
  const start = async () => {
    if (from.length === 0) from = await firstOffsets(live);
    if (!isUp) await live.start();
    isUp = true;
  };
  const stop = async () => {
    await live.stop();
    isUp = false;
  };
  for (const [index, { at, message }] of produced.entries()) {
    live.clock.time = at;
    if (index === begin || index === breaks.down?.to) await start();
    if (message !== null) await live.append([message]);
    if (!isUp) continue;
    if (index === breaks.down?.from) await stop();
    else if (breaks.restarts.includes(index)) {
      await stop();
      await start();
    } else if (breaks.restarts.includes(index + 1)) await live.read();
  }
  await start();
  live.clock.time = Math.max(...produced.map(({ at }) => at));
  return { to: await live.settle(), from };
}

/** Without a checkpoint: what was appended within the longest window, or an hour. No window here is longer. */
async function firstOffsets({ log, clock, config }: Live): Promise<readonly number[]> {
  const { events } = config.topics;
  const partitions = await log.partitions(events);
  return Promise.all(partitions.map((partition) => log.offsetAt(events, partition, clock.time - HOUR_MS)));
}
