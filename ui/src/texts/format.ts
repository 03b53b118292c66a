/** Times, durations and counts as people read them. Nothing here is a sentence. */

/** Joins a number and its unit, or two words that must stay on one line. */
export const NBSP = '\u00a0';

/** Joins without a space: a span of numbers must stay on one line too. */
const JOINER = '\u2060';

/** Words and habits of a language that durations and times need. */
export interface Units {
  /** BCP 47, for weekdays. */
  locale: string;
  second: string;
  minute: string;
  hour: string;
}

/** A clock time, 24 h; with the weekday in front when it is not today. */
export function clock(iso: string, now: Date, units: Units): string {
  return at(iso, now, units, { hour: '2-digit', minute: '2-digit' });
}

/** A clock time to the second. */
export function clockSeconds(iso: string, now: Date, units: Units): string {
  return at(iso, now, units, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
}

function at(iso: string, now: Date, units: Units, fields: Intl.DateTimeFormatOptions): string {
  const then = new Date(iso);
  if (Number.isNaN(then.getTime())) return iso;
  // en-GB for its colons and leading zeros, which German shares.
  const time = new Intl.DateTimeFormat('en-GB', { ...fields, hourCycle: 'h23' }).format(then);
  if (then.toDateString() === now.toDateString()) return time;
  const day = new Intl.DateTimeFormat(units.locale, { weekday: 'short' }).format(then);
  return `${day}${NBSP}${time}`;
}

/** A length of time: "40 s", "25 min", "1 h 5 min". */
export function duration(seconds: number, units: Units): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole}${NBSP}${units.second}`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}${NBSP}${units.minute}`;
  const rest = minutes % 60;
  const hours = `${Math.floor(minutes / 60)}${NBSP}${units.hour}`;
  return rest === 0 ? hours : `${hours} ${rest}${NBSP}${units.minute}`;
}

/** A span of minutes: "10–15 min"; one figure when both are the same minute. */
export function span([from, to]: readonly [number, number], units: Units): string {
  const [low, high] = [Math.max(1, Math.round(from / 60)), Math.max(1, Math.round(to / 60))];
  return low >= high ? `${high}${NBSP}${units.minute}` : `${low}${JOINER}–${JOINER}${high}${NBSP}${units.minute}`;
}

/** What a countdown shows: a figure, and a unit where the figure needs one. */
export interface Figure {
  figure: string;
  unit: string | null;
}

/** Time left as `m:ss`; as plain seconds below 100 s where `style` asks for it. */
export function left(ms: number, style: 'clock' | 'seconds', units: Units): Figure {
  // A countdown reaches zero when the time is over, not a second before.
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  if (style === 'seconds' && seconds < 100) return { figure: `${seconds}`, unit: units.second };
  const rest = `${seconds % 60}`.padStart(2, '0');
  return { figure: `${Math.floor(seconds / 60)}:${rest}`, unit: null };
}
