import { expect, test } from 'vitest';
import { type HandText, readHandText } from '../../src/killswitch/hand-text.ts';

const tenantTexts: [law: string, text: string, means: HandText][] = [
  ['0 clears', '0', { how: 'clears', mode: 'none' }],
  ['false clears, in any letter case, with white space', ' \tFALSE\r\n', { how: 'clears', mode: 'none' }],
  ['off clears', 'Off', { how: 'clears', mode: 'none' }],
  ['no clears', 'no', { how: 'clears', mode: 'none' }],
  ['an empty text clears', '', { how: 'clears', mode: 'none' }],
  ['1 adds mode_when_enabled', '1', { how: 'adds', mode: 'disable_writes' }],
  ['a mode by name replaces', 'stop_new_runs', { how: 'replaces', mode: 'stop_new_runs' }],
  ['a mode by name may be shouted', ' STOP_ALL ', { how: 'replaces', mode: 'stop_all' }],
  [
    'two modes stand side by side in one order',
    'disable_writes, stop_new_runs',
    { how: 'replaces', mode: 'stop_new_runs,disable_writes' },
  ],
  ['stop_all takes in the others', 'disable_writes,stop_all', { how: 'replaces', mode: 'stop_all' }],
  ['true is other text, so stop_all', 'true', { how: 'adds', mode: 'stop_all' }],
  ['none is no mode that a person can set, so stop_all', 'none', { how: 'adds', mode: 'stop_all' }],
  ['an unknown part makes the whole text unknown', 'disable_writes,x', { how: 'adds', mode: 'stop_all' }],
  ['a text of more than 100 characters is other text', `0${' '.repeat(100)}`, { how: 'adds', mode: 'stop_all' }],
  ['a lone comma is other text', ',', { how: 'adds', mode: 'stop_all' }],
];

test.each(tenantTexts)('%s', (_law, text, means) => {
  expect(readHandText(text, 'tenant', 'disable_writes')).toEqual(means);
});

test('any trip of a session terminates it, and clearing clears', () => {
  for (const text of ['1', 'disable_writes', 'stop_new_runs', 'please']) {
    expect(readHandText(text, 'session', 'disable_writes').mode).toBe('stop_all');
  }
  expect(readHandText('0', 'session', 'disable_writes')).toEqual({ how: 'clears', mode: 'none' });
});
