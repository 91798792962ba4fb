/** What a valid event may hold. Lengths are bytes of UTF-8. */
export const ID_BYTES_MAX = 256;
/** Tools, agents, keys, labels' values: everything that is text but no id of an event, tenant or session. */
export const TEXT_BYTES_MAX = 1024;
/** Larger records are refused unread. */
export const RECORD_BYTES_MAX = 1024 * 1024;
/** Objects and arrays inside each other, the event itself included. */
export const NESTING_MAX = 128;
/** Times are epoch ms below this, the greatest that a Date can say. */
export const TIME_MAX = 8.64e15;
