import { expect, test } from 'vitest';
import { ToolKinds } from '../../src/guard/tool-kinds.ts';

test('a tool is known as a read only where nobody says anything, and only as long as the lists say so', () => {
  const kinds = new ToolKinds();
  expect(kinds.isKnownRead('doc.get')).toBe(false);
  // Declared by one caller, it is not declared by the next.
  expect(kinds.of('doc.get', 'read')).toBe('read');
  expect(kinds.of('doc.get', undefined)).toBe('write');
  expect(kinds.isKnownRead('doc.get')).toBe(false);
  kinds.use({ read: ['doc.*'], write: [] });
  expect(kinds.of('doc.get', undefined)).toBe('read');
  expect(kinds.isKnownRead('doc.get')).toBe(true);
  expect(kinds.of('doc.get', 'write')).toBe('write');
  kinds.use({ read: [], write: ['doc.*'] });
  expect(kinds.isKnownRead('doc.get')).toBe(false);
  expect(kinds.of('doc.get', undefined)).toBe('write');
});

test('what is known is bounded, and known anew afterwards', () => {
  const kinds = new ToolKinds();
  kinds.use({ read: ['*'], write: [] });
  for (let n = 0; n <= 4_096; n++) kinds.of(`tool-${n}`, undefined);
  expect([kinds.isKnownRead('tool-0'), kinds.isKnownRead('tool-4096')]).toEqual([false, true]);
  expect(kinds.of('tool-0', undefined)).toBe('read');
});
