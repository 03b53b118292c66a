/** Steps a countdown once a second, and only while somebody can see it. */

/**
 * Calls `onStep` whenever the number of whole seconds left until `end` changes, and once when the
 * page comes back into view. Stops by itself at the end. Returns how to stop earlier.
 * `end` is on `performance.now()`'s clock, in milliseconds.
 */
export function stepSeconds(end: number, onStep: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;

  const arm = (): void => {
    const left = end - performance.now();
    if (left <= 0 || document.visibilityState === 'hidden') return;
    // To just past the next whole second, so that no figure is skipped or shown twice.
    timer = setTimeout(step, (left % 1000) + 1);
  };
  const step = (): void => {
    onStep();
    arm();
  };
  const onVisibility = (): void => {
    clearTimeout(timer);
    if (document.visibilityState !== 'hidden') step();
  };

  document.addEventListener('visibilitychange', onVisibility);
  arm();
  return () => {
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', onVisibility);
  };
}
