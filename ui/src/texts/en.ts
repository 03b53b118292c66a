/**
 * Every text of the window, in English.
 *
 * A second language is one more file of the same type. Short, kind, true: one sentence says what
 * is, the next since when or why, then what to do.
 */
import { NBSP, clock, clockSeconds, duration, span, type Units } from './format';

const units: Units = { locale: 'en-GB', second: 's', minute: 'min', hour: 'h' };

/** A number with its noun in the right form. */
const many = (n: number, one: string, more: string): string =>
  `${n}${NBSP}${n === 1 ? one : more}`;

/** The person who waits, or who took a seat. */
const someone = (name: string | null): string => name ?? 'a colleague';
const Someone = (name: string | null): string => name ?? 'A colleague';

export const en = {
  language: 'en',
  units,

  window: {
    title: 'Hotseat',
    account: (name: string): string => `Account of ${name}`,
    logOut: 'Log out',
    logOutHolding: 'Log out and sign off',
    connected: 'Connected to the pool',
    connecting: 'Connecting to the pool',
    notConnected: 'Not connected',
    copyDetails: 'Copy details',
    copied: 'Copied',
    loading: 'Asking Hotseat’s service…',
  },

  actions: {
    take: 'Take a seat',
    taking: 'Taking a seat…',
    wait: 'Wait for a seat',
    waiting: 'Joining the line…',
    takeOffered: 'Take the seat',
    takingOffered: 'Taking the seat…',
    pass: 'Pass',
    passing: 'Passing…',
    leave: 'Leave the line',
    leaving: 'Leaving the line…',
    signOff: 'Sign off',
    signOffNow: 'Sign off now',
    signingOff: 'Signing off…',
    keep: 'Keep my seat',
    keeping: 'Keeping…',
    needsPool: 'Possible again when the pool answers.',
  },

  count: {
    inUse: (used: number, seats: number): string => `${used} of ${seats} in use`,
    offered: (n: number): string => `${n}${NBSP}offered`,
    setAside: (n: number): string => `${n}${NBSP}set${NBSP}aside`,
    waiting: (n: number): string => `${n}${NBSP}waiting`,
    asOf: (iso: string, now: Date): string => `as of ${clockSeconds(iso, now, units)}`,
    /** The chairs row for screen readers. */
    chairs: (used: number, seats: number, sitting: string[], line: string[]): string => {
      const who = sitting.length > 0 ? `: ${sitting.join(', ')}` : '';
      const queue = line.length > 0 ? ` In line: ${line.join(', ')}.` : '';
      return `${used} of ${many(seats, 'seat', 'seats')} in use${who}.${queue}`;
    },
    you: 'you',
    more: (n: number): string => `${n} more`,
    plus: (n: number): string => `+${n}`,
  },

  people: {
    inTheSeats: 'In the seats',
    inLine: 'In line',
    you: 'you',
    /** Where the pool's privacy setting hides even the own name. */
    youAlone: 'You',
    colleague: 'A colleague',
    colleagues: (n: number): string => many(n, 'colleague', 'colleagues'),
    moreColleagues: (n: number): string => `and ${n} more`,
    clientSince: (client: string, iso: string, now: Date): string =>
      `${client} · since ${clock(iso, now, units)}`,
    since: (iso: string, now: Date): string => `since ${clock(iso, now, units)}`,
    ownLicence: 'own licence',
    active: 'active',
    idle: (seconds: number): string => `idle ${duration(seconds, units)}`,
    locked: (seconds: number): string => `locked ${duration(seconds, units)}`,
    unknown: 'not measured',
    leaving: 'leaving',
    setAside: 'Set aside for you',
    until: (iso: string, now: Date): string => `until ${clockSeconds(iso, now, units)}`,
    offered: 'offered',
  },

  holding: {
    heading: 'You hold a seat',
    reason: (client: string, iso: string, now: Date): string =>
      `Since ${clock(iso, now, units)}, as ${client} client`,
    leavingHeading: 'Your seat is being taken back',
    leavingReason: 'Save your work: it ends as soon as this computer has confirmed.',
  },

  noSeat: {
    free: 'A seat is free',
    freeReason: (n: number): string =>
      n === 1 ? 'You hold none. Take it when you need it.' : `You hold none. ${n} are free.`,
    full: 'All seats are in use',
    noneFree: 'No seat is free',
    othersWait: 'Others are before you',
    othersWaitReason: 'The free seat goes to the next in line.',
    noSeats: 'This pool has no seats',
    noSeatsReason: 'Your administrator can give it some.',
    usually: (range: [number, number]): string =>
      `One usually comes free within ${span(range, units)}`,
    usuallyUnknown: 'Wait in line: seats go out first come, first served.',
    youWouldBe: (rank: number): string =>
      rank === 1
        ? 'You would be next. Hotseat tells you when it is your turn.'
        : `You would be number ${rank}. Hotseat tells you when it is your turn.`,
  },

  waiting: {
    heading: (rank: number): string =>
      rank === 1 ? 'You are next in line' : `You are number ${rank} in line`,
    usually: (range: [number, number]): string => `Usually ${span(range, units)}`,
    since: (iso: string, now: Date): string => `Waiting since ${clock(iso, now, units)}`,
  },

  yourTurn: {
    heading: 'It is your turn',
    reason: (seconds: number): string => `You waited ${duration(seconds, units)}.`,
    label: 'The seat is yours to take for',
    hint: 'If you pass, the next in line is asked.',
  },

  idle: {
    heading: (name: string | null): string => (name ? `Still there, ${name}?` : 'Still there?'),
    reason: (seconds: number, wanted: boolean, waiter: string | null): string => {
      const idle = `You have been idle for ${duration(seconds, units)}.`;
      return wanted ? `${Someone(waiter)} is waiting. ${idle}` : idle;
    },
    label: (wanted: boolean, waiter: string | null): string =>
      wanted ? `Your seat goes to ${someone(waiter)} in` : 'Your seat goes back in',
    hint: 'Moving the mouse or typing keeps it too.',
  },

  unconfirmed: {
    heading: 'Is the seat still yours?',
    reason: 'This computer stood still for a while. Hotseat is asking the pool.',
    hint: 'Save your work. If the seat is still yours, nothing changes for you.',
  },

  unreachable: {
    heading: 'The pool does not answer',
    /** It answers, and says no to this computer until somebody does something about it. */
    refused: 'The pool refuses this computer',
    save: 'Save your work.',
    holding: (iso: string | null, now: Date): string =>
      `${sinceSentence(iso, now)}You still hold your seat.`,
    inLine: (iso: string | null, rank: number, now: Date): string =>
      `${sinceSentence(iso, now)}You were number ${rank} in line.`,
    noSeat: (iso: string | null, now: Date): string =>
      `${sinceSentence(iso, now)}You hold no seat.`,
    withoutSeat: (iso: string | null, now: Date): string =>
      `${sinceSentence(iso, now)}You work on without a seat.`,
    /** What the pool's rule says of it. */
    tolerated: 'Until it answers, this pool lets you work on; it is told of that time later.',
    unknown: (iso: string | null, now: Date): string =>
      `${sinceSentence(iso, now)}Nobody can tell whether your seat is still yours.`,
    label: 'Your seat is safe for',
    hint: 'If it answers in time, nothing changes for you.',
    happened: (server: string | null, cause: string | null): string =>
      cause ?? `${server ? `The connection to ${server}` : 'The connection'} broke. Hotseat keeps trying.`,
    todoHolding:
      'Save your work. If web pages fail too, check your network or VPN; if not, tell your administrator.',
    todo: 'If web pages fail too, check your network or VPN; if not, tell your administrator.',
    signOffHint: 'A sign-off is kept and told to the pool as soon as it answers.',
  },

  lost: {
    heading: 'Your seat is lost',
    headingSignedOff: 'You were signed off',
    at: (iso: string, now: Date): string => `At ${clockSeconds(iso, now, units)}.`,
    silent: (iso: string, seconds: number, now: Date): string =>
      `At ${clockSeconds(iso, now, units)}, after ${seconds < 100 ? `${seconds}${NBSP}${units.second}` : duration(seconds, units)} without an answer from the pool.`,
    slept: (iso: string, now: Date): string =>
      `At ${clockSeconds(iso, now, units)}, while this computer slept.`,
    todo: (pool: string, next: 'take' | 'wait' | 'waiting', rank: number): string => {
      const save = `Save in ${pool} as far as it still works.`;
      switch (next) {
        case 'take':
          return `${save} Then take a seat again.`;
        case 'wait':
          return `${save} Then wait for a seat; you would be ${rank === 1 ? 'next' : `number ${rank}`}.`;
        case 'waiting':
          return `${save} You are ${rank === 1 ? 'next' : `number ${rank}`} in line; Hotseat tells you when it is your turn.`;
      }
    },
    /** Who has the seats since. */
    after: (free: boolean, names: string[]): string => {
      if (free) return 'A seat is free.';
      if (names.length === 0) return 'All seats are in use.';
      return `${list(names)} ${names.length === 1 ? 'has the seat' : 'have the seats'} now.`;
    },
    /** What happened, by the reason's name on the wire. */
    happened: (reason: string, by: string | null, note: string | null, slept: boolean): string => {
      const said = note ? ` “${note}”` : '';
      switch (reason) {
        case 'lease_expired':
          if (slept) return 'This computer slept longer than a seat is kept.';
          return 'This computer could not reach the pool in time, so the pool gave the seat up.';
        case 'idle':
          return 'Nobody used this computer and nobody answered the warning.';
        case 'reclaimed':
          return by ? `${by} took the seat back.${said}` : `The seat was taken back.${said}`;
        case 'session_time_out':
          return 'The session’s time was over without any activity.';
        case 'suspended':
          return 'This computer slept, and a sleeper gives the seat back.';
        case 'superseded':
          return 'You took a seat elsewhere, and this pool allows one per person.';
        case 'user_disabled':
          return 'Your account was disabled. Ask your administrator.';
        case 'machine_revoked':
          return 'This computer may no longer use the pool. Ask your administrator.';
        case 'pool_removed':
          return 'The pool was removed by an administrator.';
        case 'machine_restarted':
          return 'This computer was restarted.';
        case 'broker_restarted':
        case 'broker_stopped':
          return 'Hotseat’s service on this computer was stopped or restarted.';
        default:
          return `The seat was given back: ${reason.replaceAll('_', ' ')}.${said}`;
      }
    },
  },

  countdown: {
    over: 'The time is over.',
    leftSeconds: (seconds: number): string => many(seconds, 'second left', 'seconds left'),
    /** For screen readers, when it begins. */
    start: (label: string, seconds: number): string => `${label} ${many(seconds, 'second', 'seconds')}.`,
  },

  refusal: {
    /** The fixed message, quoted by the caller, is not about the password. */
    legacyBefore: '“',
    legacyAfter: '” is not about your password: the pool is full.',
  },

  explain: {
    happened: 'What happened',
    todo: 'What you can do',
  },

  noBroker: {
    heading: 'Hotseat is not running here',
    reason: 'The service on this computer does not answer.',
    happened:
      'Hotseat’s service keeps your seat while you work. It was stopped, or it has not started yet.',
    todo: 'Wait a moment after the computer has started. If this stays, tell your administrator.',
  },

  anotherVersion: {
    heading: 'Two versions of Hotseat',
    reason: (theirs: string, ours: string): string =>
      `The service is ${theirs}, this window is ${ours}.`,
    happened: 'Hotseat was updated while this program kept running, or only one of the two was.',
    todo: 'Quit Hotseat and open it again. If this stays, tell your administrator.',
  },

  notEnrolled: {
    heading: 'No pool knows this computer',
    reason: 'This computer is not enrolled yet.',
    happened: 'Hotseat is installed here, but nobody has told it which pool to use.',
    todo: 'Ask your administrator for an invitation. It is used once: `hotseat-broker enroll`.',
  },

  noPools: {
    heading: 'No pool for you yet',
    reason: 'The pool server has no pool that this computer may use.',
    happened: 'You are logged in, but no pool was set up for this computer.',
    todo: 'Ask your administrator to add a pool.',
  },

  connecting: {
    heading: 'Connecting to the pool',
    reason: (server: string | null): string => server ?? 'This takes a moment.',
  },

  logIn: {
    heading: 'Log in',
    reason: (server: string | null): string =>
      server ? `With your account on ${server}` : 'With your account on the pool',
    email: 'E-mail',
    password: 'Password',
    showPassword: 'Show password',
    hidePassword: 'Hide password',
    submit: 'Log in',
    submitting: 'Logging in…',
    hint: 'Logging in takes no seat. If the pool is full we say so; it never looks like a wrong password. Your password goes to your pool only and is not kept.',
    emailMissing: 'Type your e-mail.',
    passwordMissing: 'Type your password.',
    wrong: 'E-mail and password do not match. Check both.',
    disabled:
      'Your account is disabled. Your password is not the reason. Ask your administrator.',
    unreachable: 'The pool does not answer, so nobody can log in. Your password is not the reason.',
  },

  failed: {
    /** A command that the service could not carry out. */
    unknown: 'Hotseat’s service did not do that.',
    next: 'Try again; if this stays, tell your administrator.',
  },
};

/** "Lucy, Bill and Olaf". */
function list(names: readonly string[]): string {
  return new Intl.ListFormat(units.locale, { type: 'conjunction' }).format(names);
}

function sinceSentence(iso: string | null, now: Date): string {
  return iso ? `Since ${clockSeconds(iso, now, units)}. ` : '';
}

/** What a language must have. */
export type Texts = typeof en;
