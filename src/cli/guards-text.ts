import type { GuardCount } from '../killswitch/guard-count.ts';

/** `2 confirmed, 1 behind`. */
export function guardsText({ confirmed, behind, silent }: GuardCount): string {
  if (confirmed + behind + silent === 0) return 'no guards';
  const rest = [...(behind > 0 ? [`${behind} behind`] : []), ...(silent > 0 ? [`${silent} silent`] : [])];
  return [`${confirmed} confirmed`, ...rest].join(', ');
}
