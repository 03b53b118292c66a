/** Chooses the language of the window and marks the page with it. */
import { en, type Texts } from './en';

const languages: Record<string, Texts> = { en };

/** The first of the wanted languages that there is; English otherwise. */
export function choose(wanted: readonly string[]): Texts {
  for (const tag of wanted) {
    const found = languages[tag.toLowerCase().split('-')[0] ?? ''];
    if (found) return found;
  }
  return en;
}

/** The texts for this person. */
export const texts: Texts = choose(navigator.languages);

/** Tells the page's readers which language it is in. */
export function markLanguage(root: HTMLElement): void {
  root.lang = texts.language;
}

export type { Texts };
