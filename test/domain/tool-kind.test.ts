import { describe, expect, it } from 'vitest';
import { compileToolLists, type ToolKind, toolKind } from '../../src/domain/tool-kind.ts';

const lists = compileToolLists({ write: ['email.send', 'ticket.*'], read: ['*.read', 'ticket.list'] });

describe('toolKind', () => {
  it.each<[law: string, tool: string, declared: ToolKind | null, kind: ToolKind]>([
    ['a listed write is a write', 'email.send', null, 'write'],
    ['a listed write stays one, whatever the event says', 'email.send', 'read', 'write'],
    ['write wins where a tool is on both lists', 'ticket.list', null, 'write'],
    ['a listed read is a read', 'crm.read', null, 'read'],
    ['the event makes a listed read a write', 'crm.read', 'write', 'write'],
    ['the event makes an unlisted tool a read', 'bash', 'read', 'read'],
    ['an unlisted tool is a write', 'bash', null, 'write'],
  ])('%s', (_law, tool, declared, kind) => {
    expect(toolKind(tool, lists, declared)).toBe(kind);
  });
});
