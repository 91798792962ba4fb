/**
 * Loaded before every process that is measured (`--import`): answers what the process has cost so far. The daemon itself
 * is the built one and knows nothing of it.
 */
import { writeFileSync } from 'node:fs';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

export interface Usage {
  /** User and system, all threads, since the start. */
  readonly cpuS: number;
  readonly rssMb: number;
  readonly peakRssMb: number;
  /** Since it was last asked to watch; 0 where it was not. */
  readonly longestStopMs: number;
}

/** What a parent asks: `usage`, or to begin anew to watch for stops of the loop (it costs a timer every ms). */
export interface ProbeRequest {
  readonly probe: 'usage' | 'watch';
}

export interface ProbeAnswer {
  readonly usage: Usage;
}

const MIB = 1024 * 1024;
let stops: IntervalHistogram | null = null;

export function usageNow(): Usage {
  const { user, system } = process.cpuUsage();
  return {
    cpuS: (user + system) / 1e6,
    rssMb: process.memoryUsage.rss() / MIB,
    peakRssMb: process.resourceUsage().maxRSS / 1024,
    longestStopMs: (stops?.max ?? 0) / 1e6,
  };
}

function watch(): void {
  stops ??= monitorEventLoopDelay({ resolution: 1 });
  stops.enable();
  stops.reset();
}

if (process.send !== undefined) {
  process.on('message', ({ probe }: Partial<ProbeRequest>) => {
    if (probe === 'watch') watch();
    if (probe === 'usage') process.send?.({ usage: usageNow() } satisfies ProbeAnswer);
  });
  // Neither the channel nor a parent that is gone keeps a process alive.
  process.channel?.unref();
  process.on('disconnect', () => process.exit(1));
}

const file = process.env.BENCH_USAGE_FILE;
if (file !== undefined) process.on('exit', () => writeFileSync(file, JSON.stringify(usageNow())));
