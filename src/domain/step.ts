import type { Alert } from './alert.ts';
import type { Decision, SuppressionCode } from './decision.ts';

/** Why a decision is not acted upon. */
export interface Suppression {
  readonly decision: Decision;
  readonly code: SuppressionCode;
  readonly detail: string;
}

/** A suppression whose episode is over. `count`: how often it stood in the way, once per retry period of the horizon. */
export interface ClosedSuppression extends Suppression {
  readonly count: number;
  readonly at: number;
}

/** What alerts come to, step by step: most are to be recorded, an attempt is to be carried out. Live and in a backtest. */
export type Step =
  | { readonly type: 'alert'; readonly alert: Alert }
  /** To be carried out at once; the step after it depends on the outcome. `at`: horizon of the decision, epoch ms. */
  | { readonly type: 'attempt'; readonly decision: Decision; readonly at: number }
  | { readonly type: 'simulated'; readonly decision: Decision }
  | { readonly type: 'suppressed'; readonly suppression: Suppression }
  | { readonly type: 'closed'; readonly suppression: ClosedSuppression }
  /** Its episode ended while the kill store was not there: still to be carried out, or an outage would lose a kill. */
  | { readonly type: 'unreached'; readonly decision: Decision };
