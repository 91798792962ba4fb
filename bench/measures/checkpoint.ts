import { setTimeout as pause } from 'node:timers/promises';
import { DaemonProcess } from '../daemon.ts';
import { atMost, figureOf, median } from '../figure.ts';
import type { Measure } from '../measure.ts';
import { repeated, size } from '../services.ts';
import type { Setting } from '../setting.ts';
import { filledTopic } from './drain.ts';

/** A checkpoint is due every 5 s, once the offset moved. */
const CHECKPOINT_WITHIN_MS = 6_500;

/** One partition with all sessions: its loop's longest stop while only a checkpoint is due, and how long a restore takes. */
export const checkpoint: Measure = {
  name: 'checkpoint',
  about: 'checkpoint of 100,000 sessions in one partition: longest stop of the loop; restore',
  async run(bench) {
    const events = size(bench, 1_000_000, 60_000);
    const sessions = size(bench, 100_000, 6_000);
    const setting = await filledTopic(bench, { events, sessions, partitions: 1 });
    let daemon = new DaemonProcess(setting.config);
    await daemon.said('listening');
    await daemon.processed(events);
    await pause(CHECKPOINT_WITHIN_MS);
    const stops = await repeated(bench, 'checkpoint', () => longestStop(daemon, setting));
    const active = await daemon.metric('sentinel_active_sessions');
    const bytes = await daemon.metric('sentinel_state_bytes');
    const restores = await repeated(bench, 'restore', async () => {
      await daemon.child.stop();
      daemon = new DaemonProcess(setting.config);
      const listening = await daemon.said('listening');
      return (await daemon.said('reading events')) - listening;
    });
    const cpu = await daemon.child.usage();
    await daemon.child.stop();
    await setting.close();
    const text = {
      measure: 'checkpoint',
      subject: 'sentinel',
      workload: { events, sessions, batch: 100, rules: 'five' },
    };
    const notes = `${active} sessions active, a checkpoint of ${(bytes / 1024 ** 2).toFixed(1)} MiB`;
    const goal = (bound: number, values: readonly number[]) => [atMost('reach', bound, ' ms', median(values))];
    return [
      figureOf(
        { ...text, what: 'ms, longest stop of the loop', goals: goal(50, stops), notes },
        stops.map((value) => ({ value })),
      ),
      figureOf(
        { ...text, what: 'ms, from listening to reading (restore, group join)', goals: goal(2_000, restores) },
        restores.map((value) => ({ value, cpuS: cpu.cpuS, memoryMb: cpu.rssMb })),
      ),
    ];
  },
};

/** One event moves the offset; whatever else stops the loop in that time counts too. */
async function longestStop(daemon: DaemonProcess, setting: Setting): Promise<number> {
  daemon.child.watch();
  await pause(50);
  daemon.child.watch();
  const event = {
    event_id: `late-${performance.now()}`,
    ts: Date.now(),
    tenant_id: 'one',
    session_id: 'more',
    tool: 'crm.get',
  };
  await setting.log.append(setting.topics.events, [{ key: 'one', value: JSON.stringify(event) }]);
  await pause(CHECKPOINT_WITHIN_MS);
  return (await daemon.child.usage()).longestStopMs;
}
