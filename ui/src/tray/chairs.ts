/** The row of chairs as a value: who sits, who stands in line, which chair is free. */
import type { PoolCard } from '../bindings/view';
import type { Texts } from '../texts';
import type { Chairs, Figure } from '../design/chairs';
import type { DrawingName } from '../design/drawings';
import type { State } from './state';

/** Up to so many chairs are drawn large. */
export const LARGE_MAX = 6;
/** Up to so many are drawn in one small row, and so many stand in each of several rows. */
export const ROW_MAX = 14;
/** Above so many a bar says more than chairs. */
export const CHAIRS_MAX = 42;
/** So many people of the line are drawn; the others are a number. */
export const LINE_MAX = 3;

/** What stands on my chair in each state. */
const MINE: Record<State, DrawingName> = {
  lost: 'lost',
  yourTurn: 'your-turn',
  idleWarning: 'idle-warning',
  unreachable: 'pool-unreachable',
  unconfirmed: 'unconfirmed',
  waiting: 'waiting',
  holding: 'holding',
  noSeat: 'no-seat',
};

/** The row for a pool; `compact` draws small whatever the number. */
export function chairsOf(pool: PoolCard, state: State, texts: Texts, compact = false): Chairs {
  const alone = state === 'lost' || state === 'unreachable';
  const chairs = alone ? [figure(MINE[state], 'mine')] : everyChair(pool, state);
  const size =
    chairs.length > CHAIRS_MAX ? 'bar' : compact || chairs.length > LARGE_MAX ? 'small' : 'large';
  const standing = alone || compact ? 0 : Math.min(pool.waiting, LINE_MAX);
  // Who stands further behind than is drawn stands last of those who are.
  const rank = pool.myPlace?.rank ?? 0;
  const between = standing === LINE_MAX ? Math.max(0, rank - LINE_MAX) : 0;
  const line = Array.from({ length: standing }, (_, place) =>
    figure('standing', place + 1 + (place + 1 === LINE_MAX ? between : 0) === rank ? 'mine' : 'other'),
  );
  return {
    size,
    alone,
    chairs,
    line,
    between,
    more: alone || compact ? 0 : Math.max(0, pool.waiting - standing - between),
    used: pool.inUse,
    seats: pool.seats,
    words: words(pool, texts),
  };
}

function figure(drawing: DrawingName, tone: Figure['tone']): Figure {
  return { drawing, tone };
}

/** Mine, then others by time, kept for somebody, leaving, free. */
function everyChair(pool: PoolCard, state: State): Figure[] {
  const sitsHere = pool.mySeat !== null;
  const offeredToMe = state === 'yourTurn';
  const counted = pool.holders.filter((holder) => holder.counted);
  const leaving = counted.filter((holder) => holder.leaving && !holder.mine).length;
  const others = Math.max(0, pool.inUse - leaving - (mySeatCounts(pool) ? 1 : 0));
  const offered = Math.max(0, pool.offered - (offeredToMe ? 1 : 0)) + pool.setAside;
  const taken = pool.inUse + pool.offered + pool.setAside;
  const free = Math.max(0, pool.seats - taken);

  const chairs: Figure[] = [];
  if (offeredToMe) chairs.push(figure(MINE.yourTurn, 'mine'));
  else if (sitsHere) chairs.push(figure(pool.mySeat?.leaving ? 'leaving' : MINE[state], 'mine'));
  // More than the bar's limit need not be built one by one, the bar only counts.
  const add = (n: number, drawing: DrawingName, tone: Figure['tone']): void => {
    for (let i = 0; i < n && chairs.length <= CHAIRS_MAX; i += 1) chairs.push(figure(drawing, tone));
  };
  add(others, 'holding', 'other');
  add(offered, 'offered', 'other');
  add(leaving, 'leaving', 'other');
  add(free, 'no-seat', 'free');
  return chairs;
}

/** Whether the person's own seat is one of those in use; a licence of one's own is not. */
function mySeatCounts(pool: PoolCard): boolean {
  return pool.mySeat !== null && !pool.holders.some((holder) => holder.mine && !holder.counted);
}

/** Colleagues in the seats of whom nothing but the number is told. */
export function untoldColleagues(pool: PoolCard): number {
  const told = pool.holders.filter((holder) => holder.counted && !holder.mine).length;
  const mine = mySeatCounts(pool) ? 1 : 0;
  // Not `moreHolders`: it may hold the person themselves, and licences of one's own.
  return Math.max(0, pool.inUse - told - mine);
}

/** "2 of 2 seats in use: you, Bill. In line: Olaf." */
function words(pool: PoolCard, texts: Texts): string {
  const mineFirst = [...pool.holders].sort((a, b) => Number(b.mine) - Number(a.mine));
  const sitting = mineFirst
    .filter((holder) => holder.counted)
    .map((holder) => (holder.mine ? texts.count.you : (holder.name ?? texts.people.colleague)));
  if (mySeatCounts(pool) && !pool.holders.some((holder) => holder.mine)) {
    sitting.unshift(texts.count.you);
  }
  const untold = untoldColleagues(pool);
  if (sitting.length > 0 && untold > 0) sitting.push(texts.count.more(untold));
  const line = pool.line.map((waiter) =>
    waiter.mine ? texts.count.you : (waiter.name ?? texts.people.colleague),
  );
  return texts.count.chairs(pool.inUse, pool.seats, sitting, line);
}
