//! Log-ins and invitations while wall clocks jump and servers come and go: what ends is decided by
//! the server's own code, and judged by how long servers really ran.
//!
//! A play is shorter than a log-in lasts, so the log-ins of people must all outlive it, whatever a
//! wall clock says. Beside them there are some that nobody needs, of a directory in which
//! everything lasts for seconds: those are seen to end.

use std::time::Duration;

use hotseat_pool::directory::lasting::{Counted, Left, Lives, Moment, is_over};
use hotseat_protocol::ids::WallTime;
use hotseat_rules::Mono;

use super::words::ms;

/// The lives of what nobody needs.
pub(super) const BRIEF: Lives = Lives {
    log_in: Duration::from_secs(120),
    use_noted_every: Duration::from_secs(10),
    invitation: Duration::from_secs(40),
    stop: Duration::from_secs(30),
    written_every: Duration::from_secs(20),
};
/// One of each is made this often, in ms.
const MADE_EVERY: u64 = 15_000;
/// Uses of every second of these log-ins, each after as long.
const USES: u32 = 6;

/// The truth about a time: how long servers had run by their own clocks, in ms, how often one had
/// started, and how many had crashed.
#[derive(Debug, Clone, Copy, Default)]
struct Lived {
    ran: u64,
    starts: u64,
    crashes: u64,
}

/// The own time of a directory.
#[derive(Debug, Clone)]
pub(super) struct OwnTime {
    lives: Lives,
    /// What is on the disk.
    left: Left,
    written: Mono,
    /// While a server runs.
    counted: Option<Counted>,
    mono: Mono,
    lived: Lived,
}

/// Something that ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    what: &'static str,
    ends: Moment,
    life: Duration,
    since: Lived,
    /// How often it is still to be used, where it is one of those that are.
    uses: Option<u32>,
}

impl OwnTime {
    /// Of a store that was made when the wall clock showed this.
    pub(super) fn new(lives: Lives, wall: WallTime) -> Self {
        let left = Left { own: Moment(wall.unix_ms), wall };
        let (mono, lived) = (Mono(0), Lived::default());
        Self { lives, left, written: mono, counted: None, mono, lived }
    }

    fn now(&self) -> Moment {
        self.counted.map_or(self.left.own, |counted| counted.at(self.mono))
    }

    /// A server starts; says what is wrong with where it goes on.
    pub(super) fn starts(&mut self, mono: Mono, wall: WallTime) -> Option<String> {
        // The copy of a store is one of a server that ran.
        if self.counted.take().is_some() {
            self.lived.crashes += 1;
        }
        let own = self.lives.resumed(self.left, None, wall);
        let wrong = (own < self.left.own)
            .then(|| format!("promise 9: own time goes back to {own:?} from {:?}", self.left));
        self.lived.starts += 1;
        self.counted = Some(Counted::from(own, mono));
        (self.mono, self.written, self.left) = (mono, mono, Left { own, wall });
        wrong
    }

    /// It goes on.
    pub(super) fn passes(&mut self, mono: Mono, wall: WallTime) {
        self.lived.ran += ms(mono.since(self.mono));
        self.mono = mono;
        if mono >= self.written + self.lives.written_every {
            self.write(wall);
        }
    }

    fn write(&mut self, wall: WallTime) {
        (self.written, self.left) = (self.mono, Left { own: self.now(), wall });
    }

    /// Every second server ends in order, and writes down how far it came.
    pub(super) fn stops(&mut self, wall: WallTime) {
        let in_order = self.lived.starts.is_multiple_of(2);
        if in_order && self.counted.is_some() {
            self.write(wall);
            self.counted = None;
        } else if self.counted.take().is_some() {
            self.lived.crashes += 1;
        }
    }

    /// A log-in of now.
    pub(super) fn log_in(&self) -> Kept {
        self.kept("log-in", self.lives.log_in)
    }

    fn kept(&self, what: &'static str, life: Duration) -> Kept {
        Kept { what, ends: self.now().after(life), life, since: self.lived, uses: None }
    }

    /// Uses a log-in; says whether it is good.
    pub(super) fn uses(&self, kept: &mut Kept) -> bool {
        let now = self.now();
        if is_over(kept.ends, now) {
            return false;
        }
        if let Some(ends) = self.lives.used(kept.ends, now) {
            (kept.ends, kept.since) = (ends, self.lived);
        }
        true
    }

    /// How long servers ran since, and what stops may have cost and crashes given.
    fn bounds(&self, kept: &Kept) -> (Duration, Duration, Duration) {
        let times = |now: u64, then: u64, each: Duration| {
            each.saturating_mul(u32::try_from(now - then).unwrap_or(u32::MAX))
        };
        let Lived { ran, starts, crashes } = kept.since;
        let ran = Duration::from_millis(self.lived.ran - ran);
        let cost = times(self.lived.starts, starts, self.lives.stop);
        (ran, cost, times(self.lived.crashes, crashes, self.lives.written_every))
    }

    /// Promise 9: no jump of a wall clock ends anything before its life is over, but for what a
    /// stop counts at most; nor keeps it alive beyond, but for what a crash forgets.
    pub(super) fn judge(&self, kept: &Kept) -> Option<String> {
        let (ran, cost, _) = self.bounds(kept);
        let over = is_over(kept.ends, self.now());
        let (early, late) = (over && ran + cost < kept.life, !over && self.must_be_over(kept));
        let Kept { what, life, .. } = kept;
        (early || late).then(|| {
            format!("promise 9: {what} of {life:?}, over: {over}, after {ran:?} of running")
        })
    }

    fn must_be_over(&self, kept: &Kept) -> bool {
        let (ran, _, forgotten) = self.bounds(kept);
        ran >= kept.life + forgotten
    }
}

/// The directory in which everything is brief.
#[derive(Debug, Clone)]
pub(super) struct Brief {
    own: OwnTime,
    kept: Vec<Kept>,
    made: u64,
    /// How many lived to their end.
    pub(super) ended: u64,
}

impl Brief {
    pub(super) fn new(wall: WallTime) -> Self {
        Self { own: OwnTime::new(BRIEF, wall), kept: Vec::new(), made: 0, ended: 0 }
    }

    /// A server starts; says what is wrong.
    pub(super) fn starts(&mut self, mono: Mono, wall: WallTime) -> Option<String> {
        self.own.starts(mono, wall).or_else(|| self.judge())
    }

    /// It ends.
    pub(super) fn stops(&mut self, wall: WallTime) {
        self.own.stops(wall);
    }

    fn judge(&self) -> Option<String> {
        self.kept.iter().find_map(|kept| self.own.judge(kept))
    }

    /// It goes on: things are made and used, and leave when they must be over. Says what is wrong.
    pub(super) fn passes(&mut self, mono: Mono, wall: WallTime) -> Option<String> {
        self.own.passes(mono, wall);
        let wrong = self.judge();
        let Self { own, kept, made, ended } = self;
        let due = own.lived.ran / MADE_EVERY;
        if due > *made {
            *made = due;
            for kept in &mut *kept {
                if let Some(left) = kept.uses.filter(|left| *left > 0) {
                    kept.uses = Some(left - 1);
                    own.uses(kept);
                }
            }
            let uses = due.is_multiple_of(2).then_some(USES);
            kept.push(Kept { uses, ..own.log_in() });
            kept.push(own.kept("invitation", own.lives.invitation));
        }
        // What is used ends sooner where a wall clock jumps, and is not counted: the report of a
        // play says nothing of wall clocks.
        let over = kept.iter().filter(|kept| kept.uses.is_none() && own.must_be_over(kept));
        *ended += over.count() as u64;
        kept.retain(|kept| !own.must_be_over(kept));
        wrong
    }
}
