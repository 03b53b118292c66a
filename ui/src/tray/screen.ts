/** What one pool's part of the window says and offers, as a value: a function of the view. */
import type { Account, Busy, Countdown, Link, Lost, PoolCard } from '../bindings/view';
import type { Texts } from '../texts';
import type { PoolCommand } from './backend';
import { stateOf, type State } from './state';

/** A button. */
export interface Action {
  command: PoolCommand;
  label: string;
  /** What the button says while the action is under way. */
  busyLabel: string;
  primary: boolean;
  /** The action is under way. */
  busy: boolean;
  /** Why it cannot be pressed now; null when it can. */
  off: string | null;
}

/** What happened and what to do, at most two sentences each. */
export interface Explanation {
  happened: string;
  todo: string;
}

/** One pool's part of the window. */
export interface Screen {
  state: State;
  /** The band's colour; null is no band. */
  tone: 'accent' | 'amber' | 'red' | null;
  count: string;
  heading: string;
  reason: string;
  countdown: { label: string; value: Countdown; style: 'clock' | 'seconds' } | null;
  actions: Action[];
  hint: string | null;
  /** What to know about the action at the foot. */
  note: string | null;
  explain: Explanation | null;
  /** Whether the people in the seats are listed. */
  listed: boolean;
  /** Whether the buttons stand above the people: below a long list nobody finds them. */
  buttonsFirst: boolean;
}

/** Up to so many rows the buttons below them are seen without scrolling. */
const ROWS_SHORT = 6;

/** What a screen is made of. */
export interface Context {
  link: Link;
  account: Account | null;
  server: string | null;
  now: Date;
  /** The action that was clicked and is not in the view yet. */
  pending: PoolCommand | null;
}

const BUSY_OF: Record<Busy, PoolCommand> = {
  taking: 'take_seat',
  waiting: 'wait_for_seat',
  takingOffered: 'take_offered',
  passing: 'pass',
  leaving: 'leave_line',
  signingOff: 'sign_off',
  keeping: 'keep',
};

/** The screen of a pool. */
export function screenOf(pool: PoolCard, context: Context, t: Texts): Screen {
  const state = stateOf(pool, context.link);
  const parts = PARTS[state](pool, context, t);
  return {
    state,
    tone: null,
    countdown: null,
    hint: null,
    note: null,
    explain: null,
    listed: true,
    buttonsFirst: rowsOf(pool, state) > ROWS_SHORT,
    count: countOf(pool, context, t),
    ...parts,
  };
}

/** Rows of people: in the seats, and in the line where it is listed. */
function rowsOf(pool: PoolCard, state: State): number {
  return pool.holders.length + (state === 'waiting' ? pool.line.length : 0);
}

type Parts = Partial<Screen> & Pick<Screen, 'heading' | 'reason' | 'actions'>;
type Part = (pool: PoolCard, context: Context, t: Texts) => Parts;

const PARTS: Record<State, Part> = {
  lost: (pool, context, t) => {
    const lost = pool.lost;
    if (!lost) return PARTS.noSeat(pool, context, t);
    const place = pool.myPlace;
    const up = context.link.kind === 'up';
    const next = up && !place ? takeOrWait(pool, context, t) : [];
    const free = next[0]?.command === 'take_seat';
    const happened = t.lost.happened(lost.reason, lost.by, lost.note, lost.slept);
    const rank = place?.rank ?? lost.after?.wouldBe ?? pool.waiting + 1;
    return {
      tone: 'red',
      heading: lost.reason === 'idle' ? t.lost.headingSignedOff : t.lost.heading,
      reason: whenLost(lost, context.now, t),
      actions: place ? leaveLine(pool, context, t) : next,
      explain: {
        happened: lost.after
          ? `${happened} ${t.lost.after(lost.after.free, lost.after.with)}`
          : happened,
        todo: t.lost.todo(pool.name, place ? 'waiting' : free ? 'take' : 'wait', rank),
      },
      listed: false,
    };
  },

  yourTurn: (pool, context, t) => {
    const place = pool.myPlace;
    const waited = place ? (context.now.getTime() - Date.parse(place.since)) / 1000 : 0;
    return {
      tone: 'accent',
      heading: t.yourTurn.heading,
      reason: t.yourTurn.reason(waited),
      countdown: place?.offer
        ? { label: t.yourTurn.label, value: place.offer, style: 'clock' }
        : null,
      actions: actions(pool, context, t, [
        ['take_offered', t.actions.takeOffered, t.actions.takingOffered, true],
        ['pass', t.actions.pass, t.actions.passing, false],
      ]),
      hint: t.yourTurn.hint,
    };
  },

  idleWarning: (pool, context, t) => {
    const warning = pool.warning;
    if (!warning) return PARTS.holding(pool, context, t);
    return {
      tone: 'amber',
      heading: t.idle.heading(context.account?.name ?? null),
      reason: t.idle.reason(warning.idleSeconds, warning.wanted, warning.waiter),
      countdown: {
        label: t.idle.label(warning.wanted, warning.waiter),
        value: warning.countdown,
        style: 'clock',
      },
      actions: actions(pool, context, t, [
        ['keep', t.actions.keep, t.actions.keeping, true],
        ['sign_off', t.actions.signOffNow, t.actions.signingOff, false],
      ]),
      hint: t.idle.hint,
    };
  },

  unreachable: (pool, context, t) => {
    const down =
      context.link.kind === 'down' ? context.link : { since: null, cause: null, refused: false };
    const common = {
      tone: 'amber' as const,
      heading: down.refused ? t.unreachable.refused : t.unreachable.heading,
      listed: false,
    };
    const happened = t.unreachable.happened(context.server, down.cause?.text ?? null);
    const todo = todoWhenDown(context.link, t);
    const todoHolding = down.refused ? `${t.unreachable.save} ${todo}` : t.unreachable.todoHolding;
    if (pool.mySeat?.confirmed) {
      return {
        ...common,
        reason: t.unreachable.holding(down.since, context.now),
        countdown: { label: t.unreachable.label, value: pool.mySeat.safe, style: 'seconds' },
        actions: signOff(pool, context, t),
        hint: down.refused ? null : t.unreachable.hint,
        note: t.unreachable.signOffHint,
        explain: { happened, todo: todoHolding },
      };
    }
    if (pool.mySeat) {
      const without = pool.withoutSeat;
      return {
        ...common,
        reason: without
          ? t.unreachable.withoutSeat(down.since, context.now)
          : t.unreachable.unknown(down.since, context.now),
        actions: signOff(pool, context, t),
        note: t.unreachable.signOffHint,
        explain: {
          happened: without ? `${happened} ${t.unreachable.tolerated}` : happened,
          todo: without ? todo : todoHolding,
        },
      };
    }
    return {
      ...common,
      reason: pool.myPlace
        ? t.unreachable.inLine(down.since, pool.myPlace.rank, context.now)
        : t.unreachable.noSeat(down.since, context.now),
      actions: [],
      explain: { happened, todo },
    };
  },

  unconfirmed: (pool, context, t) => ({
    tone: 'amber',
    heading: t.unconfirmed.heading,
    reason: t.unconfirmed.reason,
    actions: signOff(pool, context, t),
    hint: t.unconfirmed.hint,
  }),

  waiting: (pool, context, t) => ({
    heading: t.waiting.heading(pool.myPlace?.rank ?? 1),
    reason: pool.usuallyWaitsS
      ? t.waiting.usually(pool.usuallyWaitsS)
      : t.waiting.since(pool.myPlace?.since ?? '', context.now),
    actions: leaveLine(pool, context, t),
  }),

  holding: (pool, context, t) =>
    pool.mySeat?.leaving
      ? { heading: t.holding.leavingHeading, reason: t.holding.leavingReason, actions: [] }
      : {
          heading: t.holding.heading,
          reason: t.holding.reason(pool.mySeat?.client ?? '', pool.mySeat?.since ?? '', context.now),
          actions: signOff(pool, context, t),
        },

  noSeat: (pool, context, t) => {
    const again = takeOrWait(pool, context, t);
    if (pool.seats === 0) {
      return { heading: t.noSeat.noSeats, reason: t.noSeat.noSeatsReason, actions: [] };
    }
    if (again[0]?.command === 'take_seat') {
      return { heading: t.noSeat.free, reason: t.noSeat.freeReason(pool.free), actions: again };
    }
    const hint = t.noSeat.youWouldBe(pool.waiting + 1);
    if (pool.free > 0) {
      return { heading: t.noSeat.othersWait, reason: t.noSeat.othersWaitReason, actions: again, hint };
    }
    return {
      heading: pool.inUse >= pool.seats ? t.noSeat.full : t.noSeat.noneFree,
      reason: pool.usuallyWaitsS ? t.noSeat.usually(pool.usuallyWaitsS) : t.noSeat.usuallyUnknown,
      actions: again,
      hint,
    };
  },
};

/** What to do while there is no contact: where the pool says no, it says what to do as well. */
export function todoWhenDown(link: Link, t: Texts): string {
  return (link.kind === 'down' && link.refused && link.cause?.next) || t.unreachable.todo;
}

/** Take a free seat, or wait for one where none is free or others are before me. */
export function takeOrWait(pool: PoolCard, context: Context, t: Texts): Action[] {
  return pool.free > 0 && pool.waiting === 0
    ? actions(pool, context, t, [['take_seat', t.actions.take, t.actions.taking, true]])
    : actions(pool, context, t, [['wait_for_seat', t.actions.wait, t.actions.waiting, true]]);
}

function whenLost(lost: Lost, now: Date, t: Texts): string {
  if (lost.slept) return t.lost.slept(lost.at, now);
  return lost.silentSeconds === null
    ? t.lost.at(lost.at, now)
    : t.lost.silent(lost.at, lost.silentSeconds, now);
}

function leaveLine(pool: PoolCard, context: Context, t: Texts): Action[] {
  return actions(pool, context, t, [['leave_line', t.actions.leave, t.actions.leaving, false]]);
}

function signOff(pool: PoolCard, context: Context, t: Texts): Action[] {
  return actions(pool, context, t, [['sign_off', t.actions.signOff, t.actions.signingOff, false]]);
}

type Wanted = [command: PoolCommand, label: string, busyLabel: string, primary: boolean];

/** Buttons, with the one under way marked and the others held back meanwhile. */
function actions(pool: PoolCard, context: Context, t: Texts, wanted: Wanted[]): Action[] {
  const running = pool.busy ? BUSY_OF[pool.busy] : context.pending;
  // Signing off and keeping are the service's own: it repeats or judges them without the pool.
  const local = (command: PoolCommand): boolean => command === 'sign_off' || command === 'keep';
  return wanted.map(([command, label, busyLabel, primary]) => ({
    command,
    label,
    busyLabel,
    primary,
    busy: running === command,
    off:
      context.link.kind === 'up' || local(command)
        ? running && running !== command
          ? ''
          : null
        : t.actions.needsPool,
  }));
}

/** "2 of 2 in use · 1 waiting", or how old that is. */
function countOf(pool: PoolCard, context: Context, t: Texts): string {
  if (context.link.kind === 'down' && context.link.since) {
    return t.count.asOf(context.link.since, context.now);
  }
  const parts = [t.count.inUse(pool.inUse, pool.seats)];
  if (pool.offered > 0) parts.push(t.count.offered(pool.offered));
  if (pool.setAside > 0) parts.push(t.count.setAside(pool.setAside));
  // Who is offered a seat is counted there already.
  const waiting = Math.max(0, pool.waiting - pool.offered);
  if (waiting > 0) parts.push(t.count.waiting(waiting));
  return parts.join(' · ');
}
