/** The window as a person meets it: clicks, keys, focus, what a screen reader hears. */
import { flushSync, mount, tick, unmount } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { FakeBackend } from '../fixtures/backend';
import { screens } from '../fixtures/views';
import type { WindowView } from '../src/bindings/view';
import App from '../src/tray/App.svelte';

let backend: FakeBackend;
let app: ReturnType<typeof mount> | undefined;

function shown(name: string): WindowView {
  const found = screens[name];
  if (!found) throw new Error(`no screen ${name}`);
  return found;
}

/** Lets promises, then Svelte, then the focus after it, run. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
  flushSync();
  await tick();
}

async function open(name: string): Promise<void> {
  backend = new FakeBackend(shown(name));
  app = mount(App, { target: document.body, props: { backend } });
  flushSync();
  await settle();
}

const text = (selector: string): string =>
  (document.querySelector(selector)?.textContent ?? '').replaceAll('\u00a0', ' ').trim();

/** The button that shows this label, or says it while busy. */
function button(label: string): HTMLButtonElement {
  const all = [...document.querySelectorAll('button')];
  const found = all.find((one) =>
    [...one.querySelectorAll('span:not(.hidden)'), one].some(
      (part) => part.textContent?.trim() === label,
    ),
  );
  if (!found) throw new Error(`no button ${label}; there are ${all.map((b) => b.textContent)}`);
  return found;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(async () => {
  if (app) await unmount(app);
  app = undefined;
  document.body.replaceChildren();
  vi.useRealTimers();
});

describe('clicks', () => {
  it.each([
    ['holding', 'Sign off', 'sign_off infor-crm'],
    ['free', 'Take a seat', 'take_seat infor-crm'],
    ['full', 'Wait for a seat', 'wait_for_seat infor-crm'],
    ['waiting', 'Leave the line', 'leave_line infor-crm'],
    ['your-turn', 'Take the seat', 'take_offered infor-crm'],
    ['your-turn', 'Pass', 'pass infor-crm'],
    ['idle', 'Keep my seat', 'keep infor-crm'],
    ['idle', 'Sign off now', 'sign_off infor-crm'],
    ['unreachable', 'Copy details', 'copy_details'],
  ])('%s: %s asks for %s', async (screen, label, command) => {
    await open(screen);
    button(label).click();
    await settle();
    expect(backend.asked).toEqual([command]);
  });

  it('are passed on once while the first is under way', async () => {
    await open('free');
    backend.hold();
    button('Take a seat').click();
    await settle();
    const busy = button('Taking a seat…');
    expect(busy.getAttribute('aria-busy')).toBe('true');
    busy.click();
    backend.release?.();
    await settle();
    expect(backend.asked).toEqual(['take_seat infor-crm']);
    expect(button('Take a seat').getAttribute('aria-busy')).toBe('false');
  });

  it('by which a double click ends do nothing: something else may have come to lie there', async () => {
    await open('idle');
    const click = (label: string, detail: number): boolean =>
      button(label).dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, detail }));
    click('Keep my seat', 1);
    await settle();
    backend.push(shown('holding'));
    flushSync();
    click('Sign off', 2);
    await settle();
    expect(backend.asked).toEqual(['keep infor-crm']);
    click('Sign off', 1);
    await settle();
    expect(backend.asked).toEqual(['keep infor-crm', 'sign_off infor-crm']);
  });

  it('on Copy details that fail say so', async () => {
    await open('unreachable');
    backend.refuseWith = { code: 'no_clipboard', text: 'There is no clipboard.', next: 'Run doctor.' };
    button('Copy details').click();
    await settle();
    expect(text('main [role=alert]')).toBe('There is no clipboard. Run doctor.');
    expect(text('footer')).not.toContain('Copied');
  });

  it('that fail say why and what to do', async () => {
    await open('free');
    backend.refuseWith = { code: 'no_session', text: 'There is no session.', next: 'Use run.' };
    button('Take a seat').click();
    await settle();
    expect(text('main [role=alert]')).toBe('There is no session. Use run.');
    backend.refuseWith = null;
    button('Take a seat').click();
    await settle();
    expect(document.querySelector('main [role=alert]')).toBeNull();
  });
});

describe('a refusal', () => {
  it('quotes the fixed message to the letter, in its language, and says what is true', async () => {
    await open('full');
    const quoted = document.querySelector('p > span[lang=en]');
    expect(quoted?.textContent).toBe('there are no concurrent licenses available for use');
    expect(quoted?.parentElement?.textContent).toContain('is not about your password');
  });
});

describe('a pool that refuses this computer', () => {
  it('says why and what to type, told from the words around it', async () => {
    await open('refused');
    expect(text('h1')).toBe('The pool refuses this computer');
    const typed = [...document.querySelectorAll('code')].map((one) => one.textContent);
    expect(typed).toEqual(['hotseat-pool machine invite', 'hotseat-broker enroll --force --server URL']);
    expect(text('main')).not.toContain('`');
  });
});

describe('a computer whose identity is used twice', () => {
  it('is told so above everything else, and may copy the details', async () => {
    await open('twice');
    expect(text('main [role=status]')).toContain('one is a copy of the other');
    expect(text('h1')).toBe('You hold a seat');
    button('Copy details').click();
    expect(backend.asked).toEqual(['copy_details']);
  });
});

describe('a service that does not answer the window', () => {
  it('is told instead of an endless wait, until a view comes', async () => {
    backend = new FakeBackend(shown('holding'));
    backend.view = () => Promise.reject({ code: 'internal', text: 'It broke.', next: null });
    app = mount(App, { target: document.body, props: { backend } });
    flushSync();
    await settle();
    expect(text('main [role=alert]')).toBe('It broke.');
    backend.push(shown('holding'));
    flushSync();
    expect(text('h1')).toBe('You hold a seat');
  });

  it('does not overwrite a newer view with an older answer', async () => {
    await open('holding');
    let answer: (view: WindowView) => void = () => {};
    backend.view = () => new Promise((resolve) => (answer = resolve));
    document.dispatchEvent(new Event('visibilitychange'));
    vi.advanceTimersByTime(5);
    backend.push(shown('idle'));
    answer(shown('holding'));
    await settle();
    expect(text('h1')).toBe('Still there, Lucy?');
  });
});

describe('the countdown', () => {
  const figure = (): string => text('[role=timer]');

  it('steps once a second and tells the last ones aloud', async () => {
    await open('your-turn');
    expect(figure()).toBe('0:47');
    // A step comes just after its second.
    vi.advanceTimersByTime(1_010);
    flushSync();
    expect(figure()).toBe('0:46');
    vi.advanceTimersByTime(16_000);
    flushSync();
    expect(figure()).toBe('0:30');
    expect(text('[aria-live=polite]')).toBe('30 seconds left');
    vi.advanceTimersByTime(60_000);
    flushSync();
    expect(figure()).toBe('0:00');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('stands still while nobody can see it, and is right again when somebody can', async () => {
    await open('your-turn');
    const visibility = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
    document.dispatchEvent(new Event('visibilitychange'));
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(10_000);
    visibility.mockReturnValue('visible');
    // The view that is asked for then says what is left by the service's clock.
    backend.view = () => Promise.reject(new Error('the service is gone'));
    document.dispatchEvent(new Event('visibilitychange'));
    flushSync();
    expect(figure()).toBe('0:37');
    visibility.mockRestore();
  });

  it('does not even start while nobody can see it', async () => {
    const visibility = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
    await open('your-turn');
    expect(vi.getTimerCount()).toBe(0);
    visibility.mockRestore();
  });

  it('starts anew with a view that says another time', async () => {
    await open('your-turn');
    vi.advanceTimersByTime(7_000);
    backend.push(shown('your-turn'));
    flushSync();
    expect(figure()).toBe('0:47');
  });
});

describe('the keyboard', () => {
  const focused = (): string => document.activeElement?.textContent?.trim() ?? '';

  it('starts on the primary button of a band, and on the sentence elsewhere', async () => {
    await open('holding');
    expect(focused()).toBe('You hold a seat');
    backend.push(shown('idle'));
    flushSync();
    await settle();
    expect(focused()).toContain('Keep my seat');
  });

  it('stays where it is when only numbers change', async () => {
    await open('holding');
    button('Sign off').focus();
    backend.push(shown('holding'));
    flushSync();
    await settle();
    expect(focused()).toContain('Sign off');
  });

  it('is not taken out of an open menu', async () => {
    await open('holding');
    button('Lucy').click();
    flushSync();
    await settle();
    expect(focused()).toBe('Log out and sign off');
    backend.push(shown('idle'));
    flushSync();
    await settle();
    expect(focused()).toBe('Log out and sign off');
  });

  it('closes the menu with Esc, then the window', async () => {
    await open('holding');
    const press = (key: string): boolean | undefined =>
      document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    button('Lucy').focus();
    press('ArrowDown');
    flushSync();
    await settle();
    expect(focused()).toBe('Log out and sign off');
    press('Escape');
    flushSync();
    expect(document.querySelector('[role=menu]')).toBeNull();
    expect(focused()).toBe('Lucy');
    expect(backend.asked).toEqual([]);
    press('Escape');
    expect(backend.asked).toEqual(['close']);
  });
});

describe('a screen reader', () => {
  it('hears of a warning at once, and once', async () => {
    await open('holding');
    expect(text('[aria-live=assertive]')).toBe('');
    backend.push(shown('idle'));
    flushSync();
    await settle();
    expect(text('[aria-live=assertive]')).toBe(
      'Infor CRM: Still there, Lucy? Your seat goes to Olaf in 108 seconds.',
    );
    expect(text('[aria-live=polite]')).toBe('');
  });

  it('hears of another state calmly', async () => {
    await open('waiting');
    backend.push(shown('your-turn'));
    flushSync();
    await settle();
    const said = 'Infor CRM: It is your turn. The seat is yours to take for 47 seconds.';
    expect(text('[aria-live=polite]')).toBe(said);
    // The same offer with less time left is no news.
    vi.advanceTimersByTime(17_010);
    flushSync();
    expect(text('[aria-live=polite]')).toBe('30 seconds left');
    backend.push(shown('your-turn'));
    flushSync();
    await settle();
    expect(text('[aria-live=polite]')).not.toBe(said);
  });

  it('reads the chairs as one image', async () => {
    await open('waiting');
    const image = document.querySelector('[role=img]');
    expect(image?.getAttribute('aria-label')?.replaceAll('\u00a0', ' ')).toBe(
      '2 of 2 seats in use: Lucy, Bill. In line: you.',
    );
  });
});

describe('logging in', () => {
  function type(index: number, value: string): void {
    const input = document.querySelectorAll('input')[index];
    if (!input) throw new Error(`no input ${index}`);
    input.value = value;
    input.dispatchEvent(new Event('input', { bubbles: true }));
  }
  const submit = async (): Promise<void> => {
    const form = document.querySelector('form');
    form?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }));
    flushSync();
    await settle();
  };

  it('asks for what is missing without asking the pool', async () => {
    await open('log-in');
    await submit();
    expect(text('.error')).toBe('Type your e-mail.');
    expect(backend.asked).toEqual([]);
  });

  it('passes e-mail and password on and forgets the password', async () => {
    await open('log-in');
    type(0, ' lucy@finance.example ');
    type(1, 'her own');
    await submit();
    expect(backend.asked).toEqual(['log_in lucy@finance.example her own']);
    expect(document.querySelectorAll('input')[1]?.value).toBe('');
  });

  it.each([
    ['wrong_password', 'E-mail and password do not match. Check both.'],
    ['user_disabled', 'Your account is disabled. Your password is not the reason.'],
    ['pool_unreachable', 'Your password is not the reason.'],
    ['too_many', 'Slow down. Try again in a minute.'],
  ])('refused with %s says what is true', async (code, words) => {
    await open('log-in');
    backend.refuseWith = { code, text: 'Slow down.', next: 'Try again in a minute.' };
    type(0, 'lucy@finance.example');
    type(1, 'not hers');
    await submit();
    expect(text('.error')).toContain(words);
    const invalid = [...document.querySelectorAll('input')].map((one) =>
      one.getAttribute('aria-invalid'),
    );
    expect(invalid).toEqual([String(code === 'wrong_password'), 'true']);
  });
});

describe('every screen', () => {
  it.each(Object.keys(screens))('%s has one sentence, a footer and no empty word', async (name) => {
    await open(name);
    expect(document.querySelectorAll('h1').length).toBeGreaterThan(0);
    expect(text('footer')).not.toBe('');
    expect(document.body.textContent).not.toMatch(/undefined|null|NaN|Invalid/);
  });
});
