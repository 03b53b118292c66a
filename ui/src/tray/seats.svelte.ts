/** What the window knows: the newest view, when it came, and what was clicked since. */
import type { UiError, WindowView } from '../bindings/view';
import { texts } from '../texts';
import { asUiError, type Backend, type PoolCommand } from './backend';

export class Seats {
  /** The newest view; null until the first came. */
  view = $state.raw<WindowView | null>(null);
  /** When it came, on `performance.now()`'s clock: countdowns start there. */
  receivedAt = $state(0);
  /** The wall clock when it came: tells today from yesterday. */
  now = $state.raw(new Date());
  /** The command that was clicked and is not answered yet, by pool. */
  pending = $state.raw<ReadonlyMap<string, PoolCommand>>(new Map());
  /** What could not be done, by pool; goes with the next click. */
  failed = $state.raw<ReadonlyMap<string, UiError>>(new Map());

  /** Why there is not even a first view. */
  trouble = $state.raw<UiError | null>(null);

  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Starts to listen; returns how to stop. */
  start(): () => void {
    let stopped = false;
    let unlisten: (() => void) | undefined;
    // Listening first: a view that comes between the two calls is not missed.
    const listening = this.#backend.watch((view) => this.#show(view));
    void listening.then((stop) => {
      if (stopped) stop();
      else unlisten = stop;
      return this.#refresh();
    });
    // A computer that slept has stopped this window's clock; ask how much is really left.
    const onVisibility = (): void => {
      if (document.visibilityState === 'visible') void this.#refresh();
    };
    document.addEventListener('visibilitychange', onVisibility);
    return () => {
      stopped = true;
      unlisten?.();
      document.removeEventListener('visibilitychange', onVisibility);
    };
  }

  /** Passes a click on; what comes of it arrives as a view. */
  async act(command: PoolCommand, pool: string): Promise<void> {
    if (this.pending.has(pool)) return;
    this.pending = new Map(this.pending).set(pool, command);
    this.failed = without(this.failed, pool);
    try {
      await this.#backend.act(command, pool);
    } catch (thrown) {
      const error = asUiError(thrown, { text: texts.failed.unknown, next: texts.failed.next });
      this.failed = new Map(this.failed).set(pool, error);
    } finally {
      this.pending = without(this.pending, pool);
    }
  }

  async #refresh(): Promise<void> {
    const before = this.receivedAt;
    try {
      const view = await this.#backend.view();
      // A view that was sent meanwhile is newer than the answer.
      if (this.receivedAt === before) this.#show(view);
    } catch (thrown) {
      // What is shown stands, with its age; with nothing to show, say why.
      if (!this.view) {
        this.trouble = asUiError(thrown, { text: texts.failed.unknown, next: texts.failed.next });
      }
    }
  }

  #show(view: WindowView): void {
    this.receivedAt = performance.now();
    this.trouble = null;
    this.now = new Date();
    this.view = view;
  }
}

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}
