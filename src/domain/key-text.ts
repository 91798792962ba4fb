import type { KeyTexts } from './rule.ts';

/**
 * A key's one text form: `tenant=acme,session=s1`. The parts stand in the order tenant, session, agent, tool, labels by
 * name; in ids and names `,`, `=` and `%` are percent-encoded, so a text has exactly one reading.
 */
export function keyText(key: KeyTexts): string {
  const parts: string[] = [];
  for (const part of ['tenant', 'session', 'agent', 'tool'] as const) {
    const id = key[part];
    if (id !== undefined) parts.push(`${part}=${encode(id)}`);
  }
  const labels = Object.entries(key.labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, value] of labels) parts.push(`labels.${encode(name)}=${encode(value)}`);
  return parts.join(',');
}

function encode(id: string): string {
  return id.replaceAll('%', '%25').replaceAll(',', '%2C').replaceAll('=', '%3D');
}
