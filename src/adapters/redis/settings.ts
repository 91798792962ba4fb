import type { RedisLink } from './connect.ts';

/**
 * What in the server's settings could lose a kill, one sentence each. A server that does not let itself be asked is told
 * as such. Rejects only where it cannot be reached.
 */
export async function redisSettingsWarnings(link: RedisLink): Promise<readonly string[]> {
  const info = await link.run(async (client) => {
    const asked = await Promise.all([client.info('memory'), client.info('persistence'), client.info('replication')])
      // A server that forbids INFO is there all the same.
      .catch((error: unknown) => (/NOPERM|unknown command/i.test(String(error)) ? null : Promise.reject(error)));
    return asked === null ? null : asked.join('\n');
  });
  return info === null
    ? ['the settings cannot be read (INFO is not allowed): check them by hand']
    : judge(fieldsOf(info));
}

function judge(info: ReadonlyMap<string, string>): readonly string[] {
  const policy = info.get('maxmemory_policy');
  const warnings: string[] = [];
  if (policy !== undefined && policy !== 'noeviction')
    warnings.push(`maxmemory-policy is ${policy}: under pressure Redis evicts kills; set it to noeviction`);
  if (info.get('aof_enabled') === '0')
    warnings.push('appendonly is off: a restart loses the newest kills until they are rebuilt; set it to yes');
  if (info.get('role') === 'slave') warnings.push('this is a replica: changes are refused here; name its primary');
  return warnings;
}

function fieldsOf(info: string): ReadonlyMap<string, string> {
  return new Map(
    info.split(/\r?\n/).flatMap((line) => {
      const colon = line.indexOf(':');
      return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1)] as const];
    }),
  );
}
