import fc from 'fast-check';
import { expect, it } from 'vitest';
import { placeholders, renderTemplate } from '../../src/domain/template.ts';

const lookUp = (name: string) => ({ session: 's1', value: '{{ session }}' })[name];

it.each([
  ['names are replaced, spaced or not', '{{session}} and {{  session }}', 's1 and s1'],
  ['what is put in is never read again', '{{ value }}', '{{ session }}'],
  ['a name without a value is a dash', '[{{ tool }}]', '[-]'],
  ['nothing is computed', '{{ 1 + 1 }}', '-'],
  ['an unclosed placeholder stays', 'a {{ session', 'a {{ session'],
  ['single braces are text', '{session} }} {', '{session} }} {'],
  ['without placeholders the text stays', 'plain', 'plain'],
])('%s', (_law, text, rendered) => {
  expect(renderTemplate(text, lookUp)).toBe(rendered);
});

it('placeholders tell where they stand', () => {
  expect(placeholders('a {{ b }} {{')).toEqual([
    { name: 'b', start: 2, end: 9, closed: true },
    { name: '', start: 10, end: 12, closed: false },
  ]);
});

it('any text is rendered, and everything outside of placeholders stays', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('{{', '}}', '{', '}', ' ', 'a', 'session')), (parts) => {
      const text = parts.join('');
      const found = placeholders(text);
      const outside = found.reduceRight((rest, { start, end }) => rest.slice(0, start) + rest.slice(end), text);
      const closed = found.every((placeholder) => placeholder.closed);
      if (closed) expect(renderTemplate(text, () => '')).toBe(outside);
    }),
  );
});

it('a hostile text is rendered in linear time', () => {
  const started = performance.now();
  renderTemplate('{{'.repeat(500_000), lookUp);
  renderTemplate('{{}}'.repeat(250_000), lookUp);
  expect(performance.now() - started).toBeLessThan(2_000);
});
