import { isMap, isScalar, type Pair } from 'yaml';
import { MODES } from '../../domain/mode.ts';
import type { Action } from '../../domain/rule.ts';
import type { Cursor, Reader } from '../reader.ts';
import { list, object, optional } from '../shapes/collections.ts';
import { duration, expectedWord, textOf, word } from '../shapes/scalars.ts';
import { refuse, type Shape } from '../shapes/shape.ts';

/** How long a flip or a disabled tool stands where the rule does not say, ms. */
export const DEFAULT_TTL_MS = 30 * 60_000;

const ttl = optional(duration(1), 'how long it stands, e.g. 30m');

const FLIP = object({
  mode: optional(word(MODES), 'how much it stops: stop_new_runs, disable_writes or stop_all'),
  ttl,
});

const DISABLE_TOOL = object({ scope: optional(word(['tenant', 'global']), 'for whom: tenant'), ttl });

const TERMINATE = object({});

type ReadAction = (options: Cursor | null, reader: Reader, at: Cursor) => Action | undefined;

/** What this version does; its options, and how it reads. */
const ACTIONS: Readonly<Record<string, { readonly options: Shape<unknown>; readonly read: ReadAction }>> = {
  terminate_session: {
    options: TERMINATE,
    read: (options, reader) => {
      const values = options === null ? {} : TERMINATE.read(options, 'terminate_session', reader);
      return values && { type: 'terminate_session' };
    },
  },
  flip_tenant: {
    options: FLIP,
    read: (options, reader) => {
      const values = options === null ? NO_FLIP_OPTIONS : FLIP.read(options, 'flip_tenant', reader);
      return values && { type: 'flip_tenant', mode: values.mode ?? null, ttlMs: values.ttl ?? DEFAULT_TTL_MS };
    },
  },
  disable_tool: {
    options: { ...DISABLE_TOOL, schema: tenantOnly() },
    read: (options, reader, at) => {
      const values = options === null ? NO_TOOL_OPTIONS : DISABLE_TOOL.read(options, 'disable_tool', reader);
      if (values?.scope === 'global') return needsApproval('disable_tool with scope global', at, reader);
      return values && { type: 'disable_tool', scope: 'tenant', ttlMs: values.ttl ?? DEFAULT_TTL_MS };
    },
  },
};

const NO_FLIP_OPTIONS = { mode: undefined, ttl: undefined };
const NO_TOOL_OPTIONS = { scope: undefined, ttl: undefined };

/** Actions of the contract that wait for something that this version does not have. */
const REFUSED: Readonly<Record<string, (at: Cursor, reader: Reader) => undefined>> = {
  flip_global: (at, reader) => needsApproval('flip_global', at, reader),
  notify: (at, reader) => {
    const instead =
      'expected terminate_session, flip_tenant or disable_tool (every alert is in the audit topic anyway)';
    reader.report(at.offset, `notify needs a receiver, and this version has none yet, ${instead}`);
    return undefined;
  },
};

/** `terminate_session`, or `flip_tenant: {mode: stop_all, ttl: 10m}`. */
const action: Shape<Action> = {
  schema: actionSchema(),
  read: (at, name, reader) => {
    const written = writtenAction(at, reader);
    if (written === null) return refuse(at, name, likeAnAction(at), reader);
    const refused = Object.hasOwn(REFUSED, written.type) ? REFUSED[written.type] : undefined;
    if (refused !== undefined) return refused(at, reader);
    const known = Object.hasOwn(ACTIONS, written.type) ? ACTIONS[written.type] : undefined;
    if (known !== undefined) return known.read(written.options, reader, at);
    reader.report(
      at.offset,
      `${name} is ${written.type}, expected ${expectedWord(written.type, Object.keys(ACTIONS))}`,
    );
    return undefined;
  },
};

export const actionList = list(action, 'a list of actions like [terminate_session]');

/** Options that stand beside their action instead of below it read as a map of several keys. */
function likeAnAction(at: Cursor): string {
  const keys = isMap(at.node) ? at.node.items.map(({ key }) => (isScalar(key) ? String(key.value) : '')) : [];
  const [type = '', option] = keys;
  if (option === undefined || !Object.hasOwn(ACTIONS, type))
    return 'an action like terminate_session or flip_tenant: {ttl: 30m}';
  return `one action: indent ${option} deeper than ${type}, or write ${type}: {${option}: …}`;
}

function writtenAction(at: Cursor, reader: Reader): { type: string; options: Cursor | null } | null {
  const name = textOf(at);
  if (name !== null) return { type: name, options: null };
  if (!isMap(at.node) || at.node.items.length !== 1) return null;
  const [pair] = at.node.items as [Pair];
  if (!isScalar(pair.key) || typeof pair.key.value !== 'string') return null;
  const options = reader.cursor(pair.value, at.offset);
  const none = options.node === null || (isScalar(options.node) && options.node.value === null);
  return { type: pair.key.value, options: none ? null : options };
}

function needsApproval(what: string, at: Cursor, reader: Reader): undefined {
  const why = 'needs the approval of two operators, and this version has no approvals yet';
  reader.report(at.offset, `${what} ${why}, expected terminate_session, flip_tenant or disable_tool with scope tenant`);
  return undefined;
}

function tenantOnly() {
  const properties = DISABLE_TOOL.schema.properties as Record<string, object>;
  return { ...DISABLE_TOOL.schema, properties: { ...properties, scope: { ...properties.scope, enum: ['tenant'] } } };
}

function actionSchema() {
  const maps = Object.entries(ACTIONS).map(([type, { options }]) => ({
    type: 'object',
    properties: { [type]: { anyOf: [{ type: 'null' }, options.schema] } },
    required: [type],
    additionalProperties: false,
  }));
  return { anyOf: [{ type: 'string', enum: Object.keys(ACTIONS) }, ...maps] };
}
