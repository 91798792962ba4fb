import { runTask, startTask } from '../child.ts';
import { DaemonProcess } from '../daemon.ts';
import { atLeast, type Figure, figureOf, median, type Run } from '../figure.ts';
import { agreement, type Flags } from '../flags.ts';
import type { Measure } from '../measure.ts';
import { type Bench, repeated, size } from '../services.ts';
import { createSetting, type Setting } from '../setting.ts';
import type { FillInput } from '../tasks/fill.ts';
import { RATE } from '../workload.ts';

const BATCH = 100;
const PARTITIONS = 12;
const WHAT = 'events per CPU second';

interface Drained extends Run {
  readonly flagged: ReadonlySet<string>;
}

/** A topic with the workload in it. Its newest event is of now, so that nothing in it is from the future. */
export async function filledTopic(
  bench: Bench,
  sizes: { readonly events: number; readonly sessions: number; readonly partitions?: number },
): Promise<Setting> {
  const { events, sessions, partitions = PARTITIONS } = sizes;
  const setting = await createSetting(await bench.services(), { partitions });
  bench.say(`filling a topic with ${events} events of ${sessions} sessions`);
  const startMs = Date.now() - Math.ceil((events * 1_000) / RATE);
  const input = { topic: setting.topics.events, partitions, batch: BATCH, workload: { events, sessions, startMs } };
  await runTask('tasks/fill', { brokers: [...setting.brokers], ...input } satisfies FillInput);
  return setting;
}

/** CPU from when its modules are loaded to when the last event is judged; connecting and restoring count. */
export async function drainByDaemon(
  bench: Bench,
  filled: Setting,
  events: number,
  nodeArgs?: string[],
): Promise<Drained> {
  const setting = await createSetting(await bench.services(), { events: filled.topics.events });
  const daemon = new DaemonProcess(setting.config, nodeArgs);
  await daemon.said('listening');
  const before = await daemon.child.usage();
  const begun = performance.now();
  await daemon.processed(events);
  const after = await daemon.child.usage();
  const wallS = (performance.now() - begun) / 1_000;
  // Its trail is flushed before it ends.
  await daemon.child.stop();
  const flagged = await setting.flagged();
  await setting.close();
  return { ...runOf(events, after.cpuS - before.cpuS, wallS, after.peakRssMb), flagged };
}

async function drainByBaseline(
  name: 'bare' | 'naive',
  filled: Setting,
  events: number,
): Promise<Run & { flags: Flags | null }> {
  const { brokers, redisUrl, topics, keyPrefix } = filled;
  const groupId = `${name}-${performance.now()}`;
  const input = {
    brokers,
    redisUrl,
    topic: topics.events,
    auditTopic: topics.audit,
    groupId,
    keyPrefix: `${name}:${keyPrefix}`,
    events,
  };
  const child = startTask(`baselines/${name}`, input);
  await child.next('ready');
  const before = await child.usage();
  const begun = performance.now();
  await child.ask({ go: true }, 'done');
  const after = await child.usage();
  const wallS = (performance.now() - begun) / 1_000;
  const flags = name === 'naive' ? await child.ask<Flags>({ flags: true }, 'flags') : null;
  await child.kill();
  return { ...runOf(events, after.cpuS - before.cpuS, wallS, after.peakRssMb), flags };
}

function runOf(events: number, cpuS: number, wallS: number, memoryMb: number): Run {
  return { value: events / cpuS, cpuS, wallS, memoryMb };
}

/** Of a backlog, by the whole daemon with checkpoints and metrics, beside both baselines in turn. */
export const drain: Measure = {
  name: 'drain',
  about: 'drain of a Kafka backlog, whole process',
  async run(bench) {
    const events = size(bench, 1_000_000, 60_000);
    const [small, large] = [size(bench, 100_000, 6_000), size(bench, 1_000_000, 60_000)];
    const few = await drainBeside(bench, events, small);
    const filled = await filledTopic(bench, { events, sessions: large });
    const many = await repeated(bench, `drain, ${large} sessions`, () => drainByDaemon(bench, filled, events));
    await filled.close();
    const ratio = median(many.map(({ value }) => value)) / few[0]!.value;
    const workload = { events, sessions: large, batch: BATCH, rules: 'five' };
    const goals = [atLeast('reach', 0.6, ` × with ${small} sessions`, ratio)];
    return [...few, figureOf({ measure: 'drain', subject: 'sentinel', what: WHAT, workload, goals }, many)];
  },
};

async function drainBeside(bench: Bench, events: number, sessions: number): Promise<readonly Figure[]> {
  const filled = await filledTopic(bench, { events, sessions });
  const runs = await repeated(bench, `drain, ${sessions} sessions`, async () => ({
    bare: await drainByBaseline('bare', filled, events),
    sentinel: await drainByDaemon(bench, filled, events),
    naive: await drainByBaseline('naive', filled, events),
  }));
  await filled.close();
  const disagreement = runs
    .map(({ sentinel, naive }) => agreement(sentinel.flagged, naive.flags!))
    .find((each) => !each.agrees);
  const invalid =
    disagreement === undefined ? null : `engine and naive flag other keys: ${JSON.stringify(disagreement)}`;
  const rate = (name: 'bare' | 'naive' | 'sentinel') => median(runs.map((run) => run[name].value));
  const goals = [
    atLeast('reach', 0.75, ' × bare', rate('sentinel') / rate('bare')),
    atLeast('reach', 3, ' × naive', rate('sentinel') / rate('naive')),
    atLeast('aim', 1, ' × bare', rate('sentinel') / rate('bare')),
  ];
  const workload = { events, sessions, batch: BATCH, rules: 'five' };
  const text = { measure: 'drain', what: WHAT, invalid };
  return [
    figureOf(
      { ...text, subject: 'sentinel', workload, goals },
      runs.map((run) => run.sentinel),
    ),
    figureOf(
      { ...text, subject: 'bare', workload: { ...workload, rules: null }, invalid: null },
      runs.map((run) => run.bare),
    ),
    figureOf(
      { ...text, subject: 'naive', workload },
      runs.map((run) => run.naive),
    ),
  ];
}
