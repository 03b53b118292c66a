/** Every colour that words and drawings have can be read on everything they may stand on. */
import { describe, expect, it } from 'vitest';

import css from '../src/design/tokens.css?raw';

/** The light and the dark value of a token. */
function token(name: string): [string, string] {
  const found = new RegExp(`--${name}: light-dark\\((#\\w{6}), (#\\w{6})\\)`).exec(css);
  if (!found?.[1] || !found[2]) throw new Error(`no token ${name}`);
  return [found[1], found[2]];
}

/** WCAG 2: relative luminance, then the ratio of two. */
function luminance(colour: string): number {
  const channel = (at: number): number => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

function ratio(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return ((high ?? 0) + 0.05) / ((low ?? 0) + 0.05);
}

const PAPERS = ['bg', 'surface', 'sunken', 'accent-soft', 'amber-soft', 'red-soft'];

describe.each([0, 1] as const)('in theme %i', (theme) => {
  const value = (name: string): string => token(name)[theme];

  it.each(['text', 'text-2', 'accent', 'amber', 'red'])('%s is read on every ground', (ink) => {
    for (const paper of PAPERS) {
      expect(ratio(value(ink), value(paper)), paper).toBeGreaterThanOrEqual(4.5);
    }
  });

  it('the words on a primary button are read, and edges are seen', () => {
    expect(ratio(value('on-accent'), value('accent'))).toBeGreaterThanOrEqual(4.5);
    for (const paper of PAPERS) {
      expect(ratio(value('edge'), value(paper)), paper).toBeGreaterThanOrEqual(3);
    }
  });
});
