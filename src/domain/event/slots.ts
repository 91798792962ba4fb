import type { FieldPlan } from './view.ts';

/** One step of the paths that rules ask for: what to do with the member of that name. */
export interface SlotNode {
  readonly name: string;
  /** The name in UTF-8, as it stands between quotes when nothing is escaped. */
  readonly bytes: Uint8Array;
  /** Index of the slot that ends here, -1 when none does. */
  slot: number;
  readonly children: SlotNode[];
}

/** A plan as two trees: dots descend in `args`, a label's name is everything behind `labels.`. */
export interface SlotTrees {
  readonly count: number;
  readonly args: readonly SlotNode[];
  readonly labels: readonly SlotNode[];
  /** True when some rule fingerprints the arguments as a whole. */
  readonly hashArgs: boolean;
}

export function slotTrees(plan: FieldPlan): SlotTrees {
  const args: SlotNode[] = [];
  const labels: SlotNode[] = [];
  plan.slots.forEach((path, slot) => {
    if (path.startsWith('labels.')) plant(labels, [path.slice('labels.'.length)], slot);
    else if (path.startsWith('args.')) plant(args, path.slice('args.'.length).split('.'), slot);
    else throw new RangeError(`slot path ${path} begins with neither args. nor labels.`);
  });
  return { count: plan.slots.length, args, labels, hashArgs: plan.args };
}

function plant(level: SlotNode[], names: readonly string[], slot: number): void {
  const [name = '', ...rest] = names;
  let node = level.find((candidate) => candidate.name === name);
  if (node === undefined) {
    node = { name, bytes: new TextEncoder().encode(name), slot: -1, children: [] };
    level.push(node);
  }
  if (rest.length === 0) node.slot = slot;
  else plant(node.children, rest, slot);
}
