/** Which state shows, and what it says and offers. */
import { describe, expect, it } from 'vitest';

import { at, holder, pool, screens, view } from '../fixtures/views';
import type { WindowView } from '../src/bindings/view';
import { en } from '../src/texts/en';
import { NBSP } from '../src/texts/format';
import { chairsOf, untoldColleagues } from '../src/tray/chairs';
import { pageOf } from '../src/tray/phase';
import { screenOf, type Context, type Screen } from '../src/tray/screen';
import { byUrgency, stateOf } from '../src/tray/state';

const now = new Date();

function shown(name: string): WindowView {
  const found = screens[name];
  if (!found) throw new Error(`no screen ${name}`);
  return found;
}

function first(of: WindowView, pending: Context['pending'] = null): Screen {
  const top = byUrgency(of.pools, of.link)[0];
  if (!top) throw new Error('no pool');
  return screenOf(top, { ...of, now, pending }, en);
}

const refusedLink = shown('refused').link;
const refusedNext = (refusedLink.kind === 'down' && refusedLink.cause?.next) || 'missing';

const commands = (screen: Screen): string[] => screen.actions.map((action) => action.command);

describe('the state of a pool', () => {
  it.each([
    ['holding', 'holding', null, 'You hold a seat', ['sign_off']],
    ['waiting', 'waiting', null, 'You are next in line', ['leave_line']],
    ['your-turn', 'yourTurn', 'accent', 'It is your turn', ['take_offered', 'pass']],
    ['idle', 'idleWarning', 'amber', 'Still there, Lucy?', ['keep', 'sign_off']],
    ['unreachable', 'unreachable', 'amber', 'The pool does not answer', ['sign_off']],
    ['unreachable-no-seat', 'unreachable', 'amber', 'The pool does not answer', []],
    ['refused', 'unreachable', 'amber', 'The pool refuses this computer', ['sign_off']],
    ['unconfirmed', 'unconfirmed', 'amber', 'Is the seat still yours?', ['sign_off']],
    ['lost', 'lost', 'red', 'Your seat is lost', ['wait_for_seat']],
    ['signed-off-idle', 'lost', 'red', 'You were signed off', ['take_seat']],
    ['full', 'noSeat', null, 'All seats are in use', ['wait_for_seat']],
    ['free', 'noSeat', null, 'A seat is free', ['take_seat']],
    ['leaving', 'holding', null, 'Your seat is being taken back', []],
  ])('%s', (name, state, tone, heading, offered) => {
    const screen = first(shown(name));
    expect(screen.state).toBe(state);
    expect(screen.tone).toBe(tone);
    expect(screen.heading).toBe(heading);
    expect(commands(screen)).toEqual(offered);
  });

  it('never makes signing off the primary button, and has at most one primary', () => {
    for (const [name, one] of Object.entries(screens)) {
      if (one.pools.length === 0) continue;
      const { actions } = first(one);
      expect(actions.filter((action) => action.primary).length, name).toBeLessThan(2);
      expect(actions.find((action) => action.command === 'sign_off')?.primary ?? false).toBe(false);
    }
  });

  it('counts as the pool does', () => {
    expect(first(shown('waiting')).count).toBe(`2 of 2 in use · 1${NBSP}waiting`);
    expect(first(shown('your-turn')).count).toBe(`1 of 2 in use · 1${NBSP}offered`);
    expect(first(shown('unreachable')).count).toBe('as of 10:07:42');
  });

  it('says how long the seat is safe, and why it was lost', () => {
    expect(first(shown('unreachable')).countdown?.style).toBe('seconds');
    expect(first(shown('lost')).reason).toContain(`after 80${NBSP}s without an answer`);
  });

  it('tells why the pool refuses this computer, in its own words, and what to do', () => {
    const { explain, hint } = first(shown('refused'));
    expect(explain?.happened).toContain('one of the two is a clone');
    expect(explain?.todo).toBe(`Save your work. ${refusedNext}`);
    expect(hint).toBeNull();
    const page = pageOf(shown('refused-unknown'), now, en);
    expect(page).toMatchObject({ heading: 'The pool refuses this computer', explain: { todo: refusedNext } });
  });

  it('says after a loss who has the seats, and offers no second place in the line', () => {
    const lost = first(shown('lost'));
    expect(lost.explain?.happened).toContain('Olaf and Bill have the seats now.');
    expect(lost.explain?.todo).toContain('you would be next');
    const asleep = first(shown('lost-asleep'));
    expect(asleep.reason).toContain('while this computer slept');
    expect(commands(asleep)).toEqual(['leave_line']);
    expect(asleep.explain?.todo).toContain('You are next in line');
    expect(first(shown('signed-off-idle')).explain?.happened).toContain('A seat is free.');
  });

  it('lets a running offer come before a loss', () => {
    const turn = shown('your-turn').pools[0];
    const loss = shown('lost').pools[0]?.lost ?? null;
    if (!turn) throw new Error('no pool');
    expect(first(view([{ ...turn, lost: loss }])).state).toBe('yourTurn');
  });

  it('claims no seat after its time, with or without the right to work on', () => {
    const one = shown('without-seat');
    const without = first(one);
    expect(without.reason).toContain('You work on without a seat.');
    expect(without.countdown).toBeNull();
    expect(commands(without)).toEqual(['sign_off']);
    const pools = one.pools.map((card) => ({ ...card, withoutSeat: false }));
    expect(first({ ...one, pools }).reason).toContain('Nobody can tell');
  });

  it('puts the buttons above a long list of people', () => {
    expect(first(shown('many-holders')).buttonsFirst).toBe(true);
    expect(first(shown('holding')).buttonsFirst).toBe(false);
  });

  it('does not claim that all seats are in use when one is set aside for somebody else', () => {
    const offered = pool({ inUse: 1, offered: 1, free: 0, waiting: 1 });
    expect(first(view([offered])).heading).toBe('No seat is free');
  });

  it('counts what checks have set aside', () => {
    const aside = pool({ inUse: 1, seats: 3, offered: 0, setAside: 1, free: 1, waiting: 0 });
    expect(first(view([aside])).count).toContain('1\u00a0set\u00a0aside');
  });

  it('sends a newcomer to the line when others wait for a free seat', () => {
    const screen = first(view([pool({ inUse: 1, free: 1, waiting: 1 })]));
    expect(screen.heading).toBe('Others are before you');
    expect(commands(screen)).toEqual(['wait_for_seat']);
    expect(screen.hint).toContain('number 2');
  });

  it('withdraws what needs the pool while it does not answer, and says why', () => {
    const down = { link: { kind: 'down' as const, since: at('10:00:00'), cause: null, refused: false } };
    const turn = first({ ...shown('your-turn'), ...down });
    expect(turn.actions.map((action) => action.off)).toEqual([
      en.actions.needsPool,
      en.actions.needsPool,
    ]);
    const idle = first({ ...shown('idle'), ...down });
    expect(idle.actions.map((action) => action.off)).toEqual([null, null]);
  });

  it('marks the action under way and holds the other one back', () => {
    const [take, pass] = first(shown('your-turn'), 'take_offered').actions;
    expect([take?.busy, take?.off, pass?.busy, pass?.off]).toEqual([true, null, false, '']);
    expect(first(shown('taking')).actions[0]?.busy).toBe(true);
  });

  it('hides a waiter whose name may not be told', () => {
    const one = shown('idle').pools[0];
    if (!one?.warning) throw new Error('no warning');
    const unnamed = view([{ ...one, warning: { ...one.warning, waiter: null } }]);
    expect(first(unnamed).reason).toContain('A colleague is waiting.');
    expect(first(unnamed).countdown?.label).toBe('Your seat goes to a colleague in');
  });
});

describe('several pools', () => {
  it('come in the order of what the person must see first', () => {
    const quiet = pool({ id: 'a', name: 'A' });
    const held = { ...(shown('holding').pools[0] ?? quiet), id: 'b' };
    const lost = { ...(shown('lost').pools[0] ?? quiet), id: 'c' };
    const order = byUrgency([quiet, held, lost], { kind: 'up' }).map((one) => one.id);
    expect(order).toEqual(['c', 'b', 'a']);
  });

  it('keep their order among equals', () => {
    const pools = ['x', 'y', 'z'].map((id) => pool({ id }));
    expect(byUrgency(pools, { kind: 'up' }).map((one) => one.id)).toEqual(['x', 'y', 'z']);
  });
});

describe('the chairs', () => {
  const row = (name: string): ReturnType<typeof chairsOf> => {
    const one = shown(name);
    const top = one.pools[0];
    if (!top) throw new Error('no pool');
    return chairsOf(top, stateOf(top, one.link), en);
  };
  const drawings = (name: string): string[] => row(name).chairs.map((chair) => chair.drawing);

  it('let me stand in a long line, behind those who are only counted', () => {
    const { line, between, more } = row('long-line');
    expect(line.map((person) => person.tone)).toEqual(['other', 'other', 'mine']);
    expect([between, more]).toEqual([4, 5]);
    expect(row('counts').line.map((person) => person.tone)).toEqual(['other', 'mine', 'other']);
    expect([row('counts').between, row('counts').more]).toEqual([0, 2]);
  });

  it('put mine first, in the shape of the tray icon', () => {
    expect(drawings('holding')).toEqual(['holding', 'holding']);
    expect(row('holding').chairs.map((chair) => chair.tone)).toEqual(['mine', 'other']);
    expect(drawings('idle')).toEqual(['idle-warning', 'holding']);
    expect(drawings('your-turn')).toEqual(['your-turn', 'holding']);
    expect(drawings('unreachable')).toEqual(['pool-unreachable']);
    expect(drawings('lost')).toEqual(['lost']);
    expect(drawings('free')).toEqual(['holding', 'no-seat']);
  });

  it('show others, offered, leaving, free, in this order', () => {
    const one = pool({
      seats: 5,
      inUse: 3,
      offered: 1,
      free: 1,
      holders: [holder('A', { leaving: true }), holder('B'), holder('C')],
    });
    const row = chairsOf(one, 'noSeat', en);
    expect(row.chairs.map((chair) => chair.drawing)).toEqual([
      'holding',
      'holding',
      'offered',
      'leaving',
      'no-seat',
    ]);
  });

  it('do not count a licence of one’s own', () => {
    const own = holder('Nora', { counted: false });
    const row = chairsOf(pool({ inUse: 1, free: 1, holders: [own, holder('Bill')] }), 'noSeat', en);
    expect(row.chairs.map((chair) => chair.drawing)).toEqual(['holding', 'no-seat']);
  });

  it('count my seat once, also where the pool tells nothing but numbers', () => {
    const mine = shown('holding').pools[0]?.mySeat ?? null;
    const told = pool({ mySeat: mine, holders: [], moreHolders: 2 });
    const row = chairsOf(told, 'holding', en);
    expect(row.chairs.map((chair) => chair.tone)).toEqual(['mine', 'other']);
    expect(row.words).toBe(`2 of 2${NBSP}seats in use: you, 1 more.`);
    expect(untoldColleagues(told)).toBe(1);
    expect(untoldColleagues(pool({ mySeat: mine, holders: [holder('Lucy', { mine: true })] }))).toBe(1);
    expect(untoldColleagues(pool())).toBe(0);
  });

  it('shrink and become a bar', () => {
    const size = (seats: number): string =>
      chairsOf(pool({ seats, inUse: seats, holders: [] }), 'noSeat', en).size;
    expect([6, 7, 14, 42, 43, 100_000].map(size)).toEqual([
      'large',
      'small',
      'small',
      'small',
      'bar',
      'bar',
    ]);
  });

  it('show three of the line and the number of the others', () => {
    const row = chairsOf(pool({ waiting: 7, line: [] }), 'noSeat', en);
    expect([row.line.length, row.more]).toEqual([3, 4]);
  });

  it('say the same in words', () => {
    expect(row('waiting').words).toBe(`2 of 2${NBSP}seats in use: Lucy, Bill. In line: you.`);
    expect(row('holding').words).toBe(`2 of 2${NBSP}seats in use: you, Bill.`);
  });
});

describe('the page', () => {
  it.each([
    ['no-broker', 'no-broker', 'Hotseat is not running here'],
    ['another-version', 'another-version', 'Two versions of Hotseat'],
    ['not-enrolled', 'not-enrolled', 'No pool knows this computer'],
    ['no-pools', 'no-seat', 'No pool for you yet'],
    ['connecting', 'no-seat', 'Connecting to the pool'],
  ])('%s explains itself', (name, drawing, heading) => {
    expect(pageOf(shown(name), now, en)).toMatchObject({ page: 'plain', drawing, heading });
  });

  it('is the log-in when nobody is, but not while the pool does not answer', () => {
    const out = shown('log-in');
    expect(pageOf(out, now, en)).toEqual({ page: 'logIn' });
    const down = { ...out, link: { kind: 'down' as const, since: null, cause: null, refused: false } };
    expect(pageOf(down, now, en)).toMatchObject({ drawing: 'pool-unreachable' });
  });

  it('names both versions', () => {
    expect(pageOf(shown('another-version'), now, en)).toMatchObject({
      reason: 'The service is 1.2, this window is 1.1.',
    });
  });
});
