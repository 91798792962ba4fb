/** What people read must lead somewhere, and be found. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const pagesIn = (folder: string) => readdirSync(join(ROOT, folder)).filter((name) => name.endsWith('.md'));
const PAGES = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'rules/README.md'],
  ...['docs', 'docs/decisions'].flatMap((folder) => pagesIn(folder).map((name) => `${folder}/${name}`)),
];
const read = (page: string) => readFileSync(join(ROOT, page), 'utf8');

describe('the documents', () => {
  it.each(PAGES)('%s links only to what is there', (page) => {
    for (const [, target] of read(page).matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g))
      expect([target, existsSync(join(ROOT, dirname(page), target!))]).toEqual([target, true]);
  });

  it('every page for users is linked from the README or from a page that it links to', () => {
    const linked = PAGES.filter((page) => !page.startsWith('docs/decisions/'))
      .map(read)
      .join('\n');
    for (const page of pagesIn('docs')) expect(linked).toMatch(new RegExp(`\\]\\((docs/|\\.\\./docs/)?${page}[)#]`));
  });

  it('every decision is in the table of decisions', () => {
    const table = read('docs/decisions/README.md');
    for (const record of pagesIn('docs/decisions').filter((name) => /^\d{4}-/.test(name))) {
      expect(table).toContain(`| [${record.slice(0, 4)}](${record}) | `);
      expect(read(`docs/decisions/${record}`)).toMatch(new RegExp(`^# ${record.slice(0, 4)} `));
    }
  });
});
