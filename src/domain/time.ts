/** RFC 3339 with milliseconds, UTC: how times stand in audit records and messages. */
export function rfc3339(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
