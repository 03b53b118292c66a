/** Which page shows, and what it says where there are no pools to show. */
import type { WindowView } from '../bindings/view';
import type { DrawingName } from '../design/drawings';
import type { Texts } from '../texts';
import { todoWhenDown, type Explanation } from './screen';

/** A page without pools. */
export interface Plain {
  page: 'plain';
  drawing: DrawingName;
  heading: string;
  reason: string;
  explain: Explanation | null;
}

/** The page that shows. */
export type Page = Plain | { page: 'logIn' } | { page: 'seats' };

/** The page for a view. */
export function pageOf(view: WindowView, now: Date, t: Texts): Page {
  switch (view.phase.kind) {
    case 'noBroker':
      return plain('no-broker', t.noBroker, t.noBroker.reason);
    case 'anotherVersion':
      return plain(
        'another-version',
        t.anotherVersion,
        t.anotherVersion.reason(view.phase.theirs, view.phase.ours),
      );
    case 'notEnrolled':
      return plain('not-enrolled', t.notEnrolled, t.notEnrolled.reason);
    case 'ready':
      return ready(view, now, t);
  }
}

function ready(view: WindowView, now: Date, t: Texts): Page {
  const { link } = view;
  const nothingKnown = !view.account || view.pools.length === 0;
  if (link.kind === 'connecting' && nothingKnown) {
    return {
      page: 'plain',
      drawing: 'no-seat',
      heading: t.connecting.heading,
      reason: t.connecting.reason(view.server),
      explain: null,
    };
  }
  if (link.kind === 'down' && nothingKnown) {
    return {
      page: 'plain',
      drawing: 'pool-unreachable',
      heading: link.refused ? t.unreachable.refused : t.unreachable.heading,
      reason: t.unreachable.noSeat(link.since, now),
      explain: {
        happened: t.unreachable.happened(view.server, link.cause?.text ?? null),
        todo: todoWhenDown(link, t),
      },
    };
  }
  if (!view.account) return { page: 'logIn' };
  if (view.pools.length === 0) return plain('no-seat', t.noPools, t.noPools.reason);
  return { page: 'seats' };
}

function plain(
  drawing: DrawingName,
  words: { heading: string } & Explanation,
  reason: string,
): Plain {
  const { heading, happened, todo } = words;
  return { page: 'plain', drawing, heading, reason, explain: { happened, todo } };
}
