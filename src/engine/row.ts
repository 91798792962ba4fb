/**
 * What every row of a rule's key begins with, whatever is measured. `timer` is a float64 field, the others are uint32 ones.
 * A measure's own fields begin at word 3.
 */
export const Row = {
  /** Due time of the timer that the row remembers; 0 when none. */
  timer: 0,
  /** The key: a session, tenant or tool id, or a row of composed keys. */
  key: 2,
  /** The row's alert; 0 when none. */
  alert: 3,
  /** One more than the index of the key's condition; 0 when not looked up yet. */
  condition: 4,
  /** 1 while something is held; 0 for a row that is new or whose key is forgotten. */
  held: 5,
} as const;

/** The first float64 field, and the first uint32 field, of a measure's own. */
export const OWN_F64 = 3;
