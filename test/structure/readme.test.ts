import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import * as guard from '../../src/guard/index.ts';
import { parseRules } from '../../src/rules/parse.ts';

const root = new URL('../../', import.meta.url);
const text = readFileSync(new URL('README.md', root), 'utf8');
const blocks = (language: string) =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, block]) => block!);

describe('README', () => {
  it('shows only rules that are valid', () => {
    const results = blocks('yaml').map((content) => parseRules([{ name: 'README.md', content }]));
    expect(results.length).toBeGreaterThan(0);
    for (const result of results) expect(result).toMatchObject({ status: 'valid' });
  });

  it('imports only what the guard exports', () => {
    const names = blocks('ts').flatMap((code) => /import \{ (.*) \} from/.exec(code)?.[1]?.split(', ') ?? []);
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) expect(guard).toHaveProperty(name);
  });

  it('names only commands that there are', async () => {
    const lines = blocks('sh').flatMap((block) => block.split('\n'));
    const commands = lines.flatMap((line) => /npx sentinel ([a-z]+(?: (?:check|backtest))?)/.exec(line)?.[1] ?? []);
    expect(commands.length).toBeGreaterThan(5);
    const terminal = { out: () => {}, err: () => {}, isTty: false, env: {} };
    for (const command of commands)
      expect([command, await runProgram([...command.split(' '), '--help'], terminal)]).toEqual([command, 0]);
  });
});
