/** docs/operating.md shows requests: each of them is made here as it stands there. */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { words } from '../cli/harness.ts';
import { Api } from './rig.ts';

const TEXT = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8');
const LINES = [...TEXT.matchAll(/```bash\n([\s\S]*?)```/g)].flatMap(([, block]) => block!.trim().split('\n'));

let api: Api;
beforeEach(async () => {
  api = await Api.open();
});
afterEach(() => api.world.dispose());

/** The request that a curl line makes. */
function request(line: string) {
  const [curl, , ...args] = words(line);
  expect(curl).toBe('curl');
  const said = (flag: string) => args[args.indexOf(flag) + 1];
  const path = args.find((arg) => arg.startsWith('127.0.0.1:7070/'))!.slice('127.0.0.1:7070'.length);
  if (!args.includes('-X')) return { method: 'GET', path, said: {} };
  expect(said('-H')).toBe('content-type: application/json');
  return { method: said('-X')!, path, said: { text: said('-d')! } };
}

it.each(LINES)('%s', async (line) => {
  const { method, path, said } = request(line);
  const { status, text } = await api.ask(method, path, said);
  expect([status, text]).toEqual([200, expect.any(String)]);
});

it('names every path that the API has', async () => {
  const paths = Object.keys((await api.ask('GET', '/openapi.json')).json.paths as object);
  for (const path of paths) expect(TEXT).toContain(path.replace('{id}', 'ID').replace('{tool}', 'NAME'));
  expect(LINES.length).toBeGreaterThan(7);
});
