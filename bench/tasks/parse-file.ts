/** Reads a file of events and parses each line: what anything that reads JSON has to do at least. */
import { createReadStream } from 'node:fs';
import { usageNow } from '../probe.ts';
import { task } from './task.ts';

await task<{ readonly file: string }, ReturnType<typeof usageNow>>(async ({ file }) => {
  let rest = '';
  let sum = 0;
  for await (const chunk of createReadStream(file, { encoding: 'utf8', highWaterMark: 1 << 20 })) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) sum += (JSON.parse(line) as { ts: number }).ts;
  }
  if (sum === 0) throw new Error('nothing was parsed');
  return usageNow();
});
