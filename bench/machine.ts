import { cpus, totalmem } from 'node:os';

/** Figures of different machines do not compare: what this one is. */
export function machineText(): string {
  const [first] = cpus();
  const memory = Math.round(totalmem() / 1024 ** 3);
  return `${cpus().length} cores, ${first?.model.trim() || process.arch}, ${memory} GiB, Node ${process.version}, ${process.platform}`;
}
