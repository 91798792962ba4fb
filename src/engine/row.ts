import type { Rows } from './rows.ts';

/*
 * What every row of a rule's key begins with, whatever is measured: the due time of the timer that it remembers (float64, 0 when
 * there is none), its alert (uint32, 0 when there is none), and its state.
 */
const TIMER = 0;
const ALERT = 2;
const STATE = 3;

/** In the state: the row is a key's. */
const USED = 1;
/** Something is held; not in a row that is new or whose key is forgotten. */
const HELD = 2;
/** Above these bits one more than the index of the key's condition; 0 when it was not looked up yet. */
const CONDITION_SHIFT = 2;

/** The first float64 field, and the first uint32 field, of a measure's own. */
export const OWN_F64 = 2;
export const OWN_U32 = OWN_F64 * 2;

export function timerOf(rows: Rows, row: number): number {
  return rows.get64(row, TIMER);
}

export function setTimer(rows: Rows, row: number, due: number): void {
  rows.set64(row, TIMER, due);
}

export function alertOf(rows: Rows, row: number): number {
  return rows.get32(row, ALERT);
}

export function setAlert(rows: Rows, row: number, alert: number): void {
  rows.set32(row, ALERT, alert);
}

export function isUsed(rows: Rows, row: number): boolean {
  return (stateOf(rows, row) & USED) !== 0;
}

export function use(rows: Rows, row: number): void {
  rows.set32(row, STATE, USED);
}

export function isHeld(rows: Rows, row: number): boolean {
  return (stateOf(rows, row) & HELD) !== 0;
}

export function setHeld(rows: Rows, row: number, held: boolean): void {
  const state = stateOf(rows, row);
  rows.set32(row, STATE, held ? state | HELD : state & ~HELD);
}

/** Index of the key's condition; -1 when it was not looked up yet. */
export function conditionOf(rows: Rows, row: number): number {
  return (stateOf(rows, row) >>> CONDITION_SHIFT) - 1;
}

/** @param index -1: it is to be looked up again */
export function setCondition(rows: Rows, row: number, index: number): void {
  const life = stateOf(rows, row) & (USED | HELD);
  rows.set32(row, STATE, life | ((index + 1) << CONDITION_SHIFT));
}

function stateOf(rows: Rows, row: number): number {
  return rows.get32(row, STATE);
}
