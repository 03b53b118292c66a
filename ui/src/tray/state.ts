/** Which of the states shows in a pool, and which pool comes first. */
import type { Link, PoolCard } from '../bindings/view';

/** What is true for the person in one pool; the first that applies, in this order. */
export const STATES = [
  'yourTurn',
  'lost',
  'idleWarning',
  'unreachable',
  'unconfirmed',
  'waiting',
  'holding',
  'noSeat',
] as const;

export type State = (typeof STATES)[number];

/** The state of a pool. */
export function stateOf(pool: PoolCard, link: Link): State {
  // An offer runs out, what is lost stays lost: here the one with a clock comes first.
  if (pool.myPlace?.offer) return 'yourTurn';
  if (pool.lost) return 'lost';
  if (pool.warning) return 'idleWarning';
  if (link.kind === 'down') return 'unreachable';
  if (pool.mySeat && !pool.mySeat.confirmed) return 'unconfirmed';
  if (pool.myPlace) return 'waiting';
  return pool.mySeat ? 'holding' : 'noSeat';
}

/** Whether the person has, had or wants something in this pool: it is then shown in full. */
export function concernsMe(pool: PoolCard): boolean {
  return Boolean(pool.lost ?? pool.mySeat ?? pool.myPlace ?? pool.refusal);
}

/** The pools, the most urgent first; among equals in the order they came in. */
export function byUrgency(pools: readonly PoolCard[], link: Link): PoolCard[] {
  const rank = (pool: PoolCard): number =>
    // A pool that does not answer concerns me only where I have something.
    STATES.indexOf(stateOf(pool, link)) + (concernsMe(pool) ? 0 : STATES.length);
  return [...pools].sort((a, b) => rank(a) - rank(b));
}
