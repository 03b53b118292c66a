/** The only way out of the window: commands to the program around it, and views from it. */
import type { UiError, WindowView } from '../bindings/view';

/** Commands that act on one pool. */
export type PoolCommand =
  | 'take_seat'
  | 'wait_for_seat'
  | 'take_offered'
  | 'pass'
  | 'leave_line'
  | 'sign_off'
  | 'keep';

/** What the window can ask of the program around it. */
export interface Backend {
  /** The view as it is now. */
  view(): Promise<WindowView>;
  /** Every view from now on, until the returned function is called. */
  watch(onView: (view: WindowView) => void): Promise<() => void>;
  /** Acts on a pool; what comes of it arrives as a view. Rejects with a {@link UiError}. */
  act(command: PoolCommand, pool: string): Promise<void>;
  /** Logs in; rejects with a {@link UiError}. The password is kept nowhere. */
  logIn(email: string, password: string): Promise<void>;
  /** Logs out, which signs off everywhere first. */
  logOut(): Promise<void>;
  /** Puts what an administrator would want to know on the clipboard. */
  copyDetails(): Promise<void>;
  /** Closes the window; the seat stays. */
  close(): Promise<void>;
}

/** Whatever a rejected command threw, as an error that can be shown. */
export function asUiError(thrown: unknown, fallback: { text: string; next: string }): UiError {
  if (typeof thrown === 'object' && thrown !== null && 'code' in thrown && 'text' in thrown) {
    return thrown as UiError;
  }
  return { code: 'internal', ...fallback };
}
