//! The line in the order under way: who waits, in which order, and for whom a seat is set aside.

use std::collections::BTreeSet;
use std::fmt;

use hotseat_protocol::ids::PlaceId;

use super::super::history::Micros;

/// A place in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) id: PlaceId,
    pub(super) offered: bool,
    /// It ends by itself no sooner than this.
    pub(super) kept_until: Micros,
    /// Its offer ends no sooner than this, and the place with it.
    pub(super) offer_until: Micros,
}

/// First come, first served.
#[derive(Debug, Default)]
pub(super) struct Line {
    places: Vec<Place>,
    /// Places that were in it once.
    over: BTreeSet<PlaceId>,
}

impl Line {
    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// For how many a seat is set aside.
    pub(super) fn offered(&self) -> usize {
        self.places.iter().filter(|place| place.offered).count()
    }

    /// Who is next.
    pub(super) fn first_without_offer(&self) -> Option<PlaceId> {
        self.places.iter().find(|place| !place.offered).map(|place| place.id)
    }

    pub(super) fn last(&self) -> Option<PlaceId> {
        self.places.last().map(|place| place.id)
    }

    pub(super) fn is_new(&self, id: PlaceId) -> bool {
        self.at(id).is_none() && !self.over.contains(&id)
    }

    pub(super) fn is_over(&self, id: PlaceId) -> bool {
        self.over.contains(&id)
    }

    pub(super) fn has_offer(&self, id: PlaceId) -> bool {
        self.at(id).is_some_and(|at| self.places[at].offered)
    }

    /// Whether it is in the line without an offer, so many from its head.
    pub(super) fn waits_at(&self, id: PlaceId, rank: u32) -> bool {
        let at = self.at(id).filter(|at| !self.places[*at].offered);
        at.is_some_and(|at| at + 1 == rank as usize)
    }

    /// Places that may end by themselves by then.
    pub(super) fn lapse_by(&self, limit: Micros) -> impl Iterator<Item = PlaceId> {
        let may_end = move |place: &&Place| {
            place.kept_until <= limit || (place.offered && place.offer_until <= limit)
        };
        self.places.iter().filter(may_end).map(|place| place.id)
    }

    pub(super) fn enter(&mut self, place: Place) {
        self.places.push(place);
    }

    /// Takes [`Line::enter`] back.
    pub(super) fn never_entered(&mut self, id: PlaceId) {
        self.places.retain(|place| place.id != id);
    }

    /// A seat is set aside for it. Like the other changes this one says how the place was before.
    pub(super) fn offer(&mut self, id: PlaceId) -> Option<(usize, Place)> {
        self.change(id, |place| place.offered = true)
    }

    /// It ends no sooner than this, nor does its offer.
    pub(super) fn keep(
        &mut self,
        id: PlaceId,
        kept_until: Micros,
        offer_until: Micros,
    ) -> Option<(usize, Place)> {
        self.change(id, |place| {
            place.kept_until = place.kept_until.max(kept_until);
            place.offer_until = place.offer_until.max(offer_until);
        })
    }

    /// It is over.
    pub(super) fn end(&mut self, id: PlaceId) -> Option<(usize, Place)> {
        let at = self.at(id)?;
        self.over.insert(id);
        Some((at, self.places.remove(at)))
    }

    /// Takes a change back.
    pub(super) fn put_back(&mut self, before: Option<(usize, Place)>) {
        let Some((at, place)) = before else {
            return;
        };
        if self.over.remove(&place.id) {
            self.places.insert(at, place);
        } else {
            self.places[at] = place;
        }
    }

    fn change(&mut self, id: PlaceId, change: impl FnOnce(&mut Place)) -> Option<(usize, Place)> {
        let at = self.at(id)?;
        let before = self.places[at];
        change(&mut self.places[at]);
        Some((at, before))
    }

    fn at(&self, id: PlaceId) -> Option<usize> {
        self.places.iter().position(|place| place.id == id)
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in the line, {} of them with an offer", self.places.len(), self.offered())
    }
}
