import { scopeText } from '../../src/domain/scope.ts';
import type { ChangeOutcome, KillStore, TripRequest } from '../../src/ports/kill-store.ts';

/**
 * The same kill store, but that a decision on what is stopped already is answered as if it had changed something: so the
 * responder goes on as in a backtest, which knows no kill state. `trips` gets every request.
 */
export function withNothingStanding(store: KillStore, trips: TripRequest[]): KillStore {
  const { trip } = store;
  store.trip = async (request) => {
    trips.push(request);
    const outcome = await trip.call(store, request);
    return outcome.status === 'unchanged' ? changed(request, outcome) : outcome;
  };
  return store;
}

function changed(request: TripRequest, { state }: Extract<ChangeOutcome, { status: 'unchanged' }>): ChangeOutcome {
  if (state === null) throw new Error(`${scopeText(request.scope)} was said to be stopped, and is not`);
  if (request.simulate === true) return { status: 'simulated', state };
  return { status: 'applied', scope: request.scope, state, before: state, outboxId: '0-0', escalated: false };
}
