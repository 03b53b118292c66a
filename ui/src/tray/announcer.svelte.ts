/** Two live regions' worth of words: said once each, calmly or at once. */

export class Announcer {
  /** Read when the reader has finished its sentence. */
  polite = $state('');
  /** Read at once: a warning, a lost seat. */
  assertive = $state('');

  readonly #said = new Map<string, string>();

  /** Says something in passing, as a countdown does. */
  readonly say = (text: string): void => {
    this.polite = text;
  };

  /**
   * Says in `text` what is so now in a place, unless the same `matter` was said there last: the
   * words may hold a number that has changed meanwhile. The first is not news.
   */
  news(place: string, matter: string, text: string, urgent: boolean): void {
    const before = this.#said.get(place);
    if (before === matter) return;
    this.#said.set(place, matter);
    if (before === undefined && !urgent) return;
    if (urgent) this.assertive = text;
    else this.polite = text;
  }
}
