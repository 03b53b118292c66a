//! What is said to the pool until it is answered: over every new link, and again after an error.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt::Debug;

use hotseat_protocol::link::MachineMessage;

use super::hooks::Hooks;
use super::repeat::Repeat;
use crate::ctx::Ctx;
use crate::in_flight::InFlight;
use crate::saved::Change;

/// A kind of message that is repeated until it is answered.
pub(crate) trait Deliver {
    /// Identifies an entry; entries are sent in this order.
    type Key: Copy + Ord + Debug;

    /// The change that stores it.
    fn record(&self, key: Self::Key) -> Change;

    /// The change that removes it.
    fn removal(key: Self::Key) -> Change;

    /// What is said, and what its answer is about.
    fn message(&self, key: Self::Key) -> (InFlight, MachineMessage);

    /// Whether it must wait for something else; checked in every step.
    fn is_held_back(&self, _key: Self::Key, _hooks: &Hooks) -> bool {
        false
    }
}

/// One of them.
#[derive(Debug, Clone)]
struct Delivery<T> {
    entry: T,
    repeat: Repeat,
}

/// All of one kind that the pool has not answered.
#[derive(Debug, Clone)]
pub(crate) struct Deliveries<T: Deliver>(BTreeMap<T::Key, Delivery<T>>);

impl<T: Deliver> Default for Deliveries<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Deliver> Deliveries<T> {
    /// Writes one down, to be said from the next sending on.
    pub(crate) fn put(&mut self, ctx: &mut Ctx, key: T::Key, entry: T) {
        ctx.save(entry.record(key));
        self.restore(key, entry);
    }

    /// Takes up one that is stored already.
    pub(crate) fn restore(&mut self, key: T::Key, entry: T) {
        self.0.insert(key, Delivery { entry, repeat: Repeat::default() });
    }

    /// Forgets those of which this is true.
    pub(crate) fn forget(&mut self, ctx: &mut Ctx, which: impl Fn(&T) -> bool) {
        let gone = self.0.extract_if(.., |_, delivery| which(&delivery.entry));
        for key in gone.map(|(key, _)| key).collect::<Vec<_>>() {
            ctx.save(T::removal(key));
        }
    }

    pub(crate) fn get(&self, key: T::Key) -> Option<&T> {
        self.0.get(&key).map(|delivery| &delivery.entry)
    }

    pub(crate) fn contains(&self, key: T::Key) -> bool {
        self.0.contains_key(&key)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (T::Key, &T)> {
        self.0.iter().map(|(key, delivery)| (*key, &delivery.entry))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Says what is due.
    pub(super) fn send(&mut self, ctx: &mut Ctx, hooks: &Hooks) {
        for (key, Delivery { entry, repeat }) in &mut self.0 {
            if repeat.due(ctx.now.boot_ms) && !entry.is_held_back(*key, hooks) {
                let (what, body) = entry.message(*key);
                if ctx.send(what, body) {
                    repeat.sent();
                }
            }
        }
    }

    /// The pool has answered one: for good, or with an error after which it is said again.
    pub(super) fn answered(&mut self, ctx: &mut Ctx, key: T::Key, done: bool) {
        if !done {
            if let Some(delivery) = self.0.get_mut(&key) {
                delivery.repeat.failed(ctx.now.boot_ms);
            }
        } else if self.0.remove(&key).is_some() {
            ctx.save(T::removal(key));
        }
    }

    /// The link is gone; whether the pool heard them is not known.
    pub(super) fn link_gone(&mut self) {
        for delivery in self.0.values_mut() {
            delivery.repeat.link_gone();
        }
    }

    /// When the next one becomes due that waits for nothing.
    pub(super) fn deadline(&self, hooks: &Hooks) -> Option<u64> {
        let ready =
            self.0.iter().filter(|(key, delivery)| !delivery.entry.is_held_back(**key, hooks));
        ready.filter_map(|(_, delivery)| delivery.repeat.deadline()).min()
    }
}
