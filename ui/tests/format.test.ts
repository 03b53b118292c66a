/** Times and durations read as the design says. */
import { describe, expect, it } from 'vitest';

import { choose } from '../src/texts';
import { en } from '../src/texts/en';
import { NBSP, clock, clockSeconds, duration, left, span } from '../src/texts/format';

const now = new Date(2026, 9, 21, 10, 3);
const iso = (...parts: [number, number, number, number, number, number?]): string =>
  new Date(...(parts as [number, number, number, number, number, number])).toISOString();

describe('clock times', () => {
  it('are 24 h with leading zeros', () => {
    expect(clock(iso(2026, 9, 21, 8, 5), now, en.units)).toBe('08:05');
    expect(clock(iso(2026, 9, 21, 0, 0), now, en.units)).toBe('00:00');
    expect(clockSeconds(iso(2026, 9, 21, 16, 7, 2), now, en.units)).toBe('16:07:02');
  });

  it('carry the weekday when they are not of today', () => {
    expect(clock(iso(2026, 9, 20, 17, 30), now, en.units)).toBe(`Tue${NBSP}17:30`);
  });

  it('show what came when it is no time at all', () => {
    expect(clock('soon', now, en.units)).toBe('soon');
  });
});

describe('durations', () => {
  it.each([
    [0, `0${NBSP}s`],
    [59.9, `59${NBSP}s`],
    [60, `1${NBSP}min`],
    [1500, `25${NBSP}min`],
    [3600, `1${NBSP}h`],
    [3900, `1${NBSP}h 5${NBSP}min`],
    [-4, `0${NBSP}s`],
  ])('%d s is %s', (seconds, words) => {
    expect(duration(seconds, en.units)).toBe(words);
  });

  it('are spans of minutes, or one figure', () => {
    expect(span([600, 900], en.units)).toBe(`10\u2060–\u206015${NBSP}min`);
    expect(span([590, 610], en.units)).toBe(`10${NBSP}min`);
    expect(span([0, 0], en.units)).toBe(`1${NBSP}min`);
  });
});

describe('countdowns', () => {
  it.each([
    [108_000, 'clock', '1:48', null],
    [47_000, 'clock', '0:47', null],
    [46_001, 'clock', '0:47', null],
    [1, 'clock', '0:01', null],
    [0, 'clock', '0:00', null],
    [-500, 'clock', '0:00', null],
    [74_000, 'seconds', '74', 's'],
    [99_000, 'seconds', '99', 's'],
    [100_000, 'seconds', '1:40', null],
  ] as const)('%d ms as %s is %s', (ms, style, figure, unit) => {
    expect(left(ms, style, en.units)).toEqual({ figure, unit });
  });
});

describe('the catalogue', () => {
  it('falls back to English for a language it does not have', () => {
    expect(choose(['xx-YY', 'en-US']).language).toBe('en');
    expect(choose([]).language).toBe('en');
  });

  it('has singular forms', () => {
    expect(en.count.chairs(0, 1, [], [])).toBe(`0 of 1${NBSP}seat in use.`);
    expect(en.people.colleagues(1)).toBe(`1${NBSP}colleague`);
    expect(en.people.colleagues(2)).toBe(`2${NBSP}colleagues`);
    expect(en.countdown.leftSeconds(1)).toBe(`1${NBSP}second left`);
  });

  it('never shouts', () => {
    const words: string[] = [];
    const collect = (value: unknown): void => {
      if (typeof value === 'string') words.push(value);
      else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
    };
    collect(en);
    expect(words.length).toBeGreaterThan(60);
    expect(words.filter((text) => /!|oops|please wait/i.test(text))).toEqual([]);
  });
});
