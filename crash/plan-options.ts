/** What is asked of a run. */
export interface PlanOptions {
  /** Ordinary events; incidents and second deliveries come on top. */
  readonly events: number;
  readonly incidents: number;
  /** How often an instance is killed. */
  readonly kills: number;
  /** How many of the stopped scopes an operator restores. */
  readonly restores: number;
  /** Whether a second instance joins and leaves. */
  readonly second: boolean;
  readonly seed: number;
}
