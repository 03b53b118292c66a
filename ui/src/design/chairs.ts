/** The row of chairs as a value, whoever fills it. */
import type { DrawingName } from './drawings';

/** One drawing in the row. */
export interface Figure {
  drawing: DrawingName;
  tone: 'mine' | 'other' | 'free';
}

/** The row. */
export interface Chairs {
  size: 'large' | 'small' | 'bar';
  /** One drawing that stands for a state, not a row of seats: nothing to tell mine from. */
  alone: boolean;
  chairs: Figure[];
  line: Figure[];
  /** People between the last of them and those before, who are not drawn. */
  between: number;
  /** People after them, who are not drawn. */
  more: number;
  /** For the bar. */
  used: number;
  seats: number;
  /** The whole row in words. */
  words: string;
}
