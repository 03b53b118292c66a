//! Those who stand in line over REST: they ask what became of their place, take what they are
//! offered, decline it, let it lapse, or leave. They repeat every question until it is answered, so
//! that nothing about the line stays open.

use anyhow::{Context, Result, bail};
use hotseat_protocol::ids::{PlaceId, RequestId, SeatRef};
use serde_json::{Value, json};

use super::callers::{CLIENT, Caller, Mine, comes_later, lives_until, seat};
use super::history::{Micros, What};
use super::{OFFER, PLACE, clock, micros};
use crate::http::Answer;
use crate::pool_server::POOL;

/// A place, and the question that it answers.
struct Place {
    id: PlaceId,
    request: RequestId,
    session: String,
}

/// What became of a place, so far.
enum Became {
    Waiting,
    Offered { offer: String },
    Seat(SeatRef),
    Over,
}

/// An answer, and when it was asked for: the first time, and the time that was answered.
struct Heard {
    answer: Answer,
    first: Micros,
    asked: Micros,
    returned: Micros,
}

impl Caller<'_> {
    /// Signs on, and stands in line if there is no seat.
    pub(super) fn stand_in_line(&mut self, session: String) -> Result<Option<Mine>> {
        let request = RequestId::from_random(self.random.wide());
        let accept = if self.random.chance(30) { "auto" } else { "ask" };
        let body = json!({
            "request_id": request, "client": CLIENT, "user": self.user, "session": session,
            "wait": accept,
        });
        let path = format!("/api/v1/pools/{POOL}/seats");
        let heard = self.until_answered(|caller| caller.client.post(&path, &body))?;
        let Heard { answer, first, returned, .. } = &heard;
        let view = match answer.status {
            201 if answer.body["became"] == "seat" => {
                let seat = seat(&answer.body)?;
                let lives_until = lives_until(*first);
                self.note(*first, Some(*returned), What::Granted { seat, lives_until });
                return Ok(Some(Mine { seat, older: None, session }));
            }
            202 => answer.body.clone(),
            // It has ended before that was heard; its request says what it was.
            410 => self.request(request)?.answer.body,
            _ => bail!("a sign-on that waits was answered {answer:?}"),
        };
        self.joined(Joined { view, heard, request, session })
    }

    /// The answer to a sign-on that waits is there, and it is not a seat.
    fn joined(&mut self, joined: Joined) -> Result<Option<Mine>> {
        let Joined { view, heard, request, session } = joined;
        let returned = clock::micros();
        if view["became"] == "ended" && view["epoch"].is_string() {
            let seat = seat(&view)?;
            let lives_until = lives_until(heard.first);
            self.note(heard.first, Some(returned), What::Granted { seat, lives_until });
            self.note(heard.asked, Some(returned), What::Gone { seat });
            return Ok(None);
        }
        let place = Place { id: place_id(&view)?, request, session };
        let waits = What::Waits {
            place: place.id,
            kept_until: kept_until(heard.first),
            offer_until: heard.first + micros(OFFER) - clock::ROUNDING,
        };
        self.note(heard.first, Some(heard.returned), waits);
        let heard = Heard { answer: Answer { body: view, ..heard.answer }, returned, ..heard };
        let became = self.hear(&place, &heard, heard.asked)?;
        self.in_line(place, became)
    }

    /// Waits until the place becomes a seat, or is over.
    fn in_line(&mut self, place: Place, mut became: Became) -> Result<Option<Mine>> {
        let patient = self.random.chance(90);
        loop {
            became = match became {
                Became::Seat(seat) => {
                    return Ok(Some(Mine { seat, older: None, session: place.session }));
                }
                Became::Over => return Ok(None),
                Became::Waiting if self.shared.is_over() || self.random.chance(3) => {
                    self.leave(&place)?
                }
                // Who is not patient lets an offer lapse.
                Became::Offered { offer } if patient || self.shared.is_over() => {
                    self.answer_offer(&place, &offer)?
                }
                Became::Waiting | Became::Offered { .. } => {
                    self.think();
                    let heard = self.request(place.request)?;
                    let since = heard.first;
                    self.hear(&place, &heard, since)?
                }
            };
        }
    }

    fn answer_offer(&mut self, place: &Place, offer: &str) -> Result<Became> {
        match self.random.between(1, 100) {
            1..=75 => {
                let path = format!("/api/v1/offers/{offer}/accept");
                let heard = self.until_answered(|caller| caller.client.post(&path, &json!({})))?;
                let since = heard.first;
                match heard.answer.status {
                    200 => self.hear(place, &heard, since),
                    // The offer is over: it lapsed, or was taken and the seat has ended since.
                    410 => {
                        let heard = self.request(place.request)?;
                        self.hear(place, &heard, since)
                    }
                    _ => bail!("the acceptance of an offer was answered {:?}", heard.answer),
                }
            }
            76..=90 => {
                let path = format!("/api/v1/offers/{offer}/decline");
                let heard = self.until_answered(|caller| caller.client.post(&path, &json!({})))?;
                match heard.answer.status {
                    200 => {
                        let declined = What::Declined { place: place.id };
                        self.note(heard.first, Some(heard.returned), declined);
                        Ok(Became::Over)
                    }
                    410 => {
                        let heard = self.request(place.request)?;
                        let since = heard.first;
                        self.hear(place, &heard, since)
                    }
                    _ => bail!("the refusal of an offer was answered {:?}", heard.answer),
                }
            }
            _ => self.leave(place),
        }
    }

    fn leave(&mut self, place: &Place) -> Result<Became> {
        let path = format!("/api/v1/places/{}", place.id);
        let heard = self.until_answered(|caller| caller.client.delete(&path))?;
        if heard.answer.status != 204 {
            bail!("leaving the line was answered {:?}", heard.answer);
        }
        self.note(heard.first, Some(heard.returned), What::Left { place: place.id });
        Ok(Became::Over)
    }

    fn request(&mut self, request: RequestId) -> Result<Heard> {
        let path = format!("/api/v1/requests/{request}");
        let heard = self.until_answered(|caller| caller.client.get(&path))?;
        if heard.answer.status != 200 {
            bail!("a question about a request was answered {:?}", heard.answer);
        }
        Ok(heard)
    }

    /// Notes what an answer says of a place. If it says that the place is a seat, that can have come
    /// about since `since`: an answer that was lost may have done it.
    fn hear(&mut self, place: &Place, heard: &Heard, since: Micros) -> Result<Became> {
        let view = &heard.answer.body;
        let (asked, returned) = (heard.asked, Some(heard.returned));
        let (id, kept_until) = (place.id, kept_until(asked));
        match view["became"].as_str() {
            Some("waiting") => {
                let rank = view["rank"].as_u64().with_context(|| format!("no rank in {view}"))?;
                let rank = u32::try_from(rank)?;
                self.note(asked, returned, What::InLine { place: id, rank, kept_until });
                Ok(Became::Waiting)
            }
            Some("offered") => {
                let left = view["offer"]["left_ms"].as_u64();
                let left = left.with_context(|| format!("no left_ms in {view}"))? * 1_000;
                let offer_until = (asked + left).saturating_sub(clock::ROUNDING);
                let offered = What::Offered { place: id, kept_until, offer_until };
                self.note(asked, returned, offered);
                let offer = view["offer"]["id"].as_str();
                let offer = offer.with_context(|| format!("no offer in {view}"))?.to_owned();
                Ok(Became::Offered { offer })
            }
            Some("seat") => {
                let seat = seat(view)?;
                let lives_until = lives_until(since);
                self.note(since, returned, What::Seated { place: id, seat, lives_until });
                Ok(Became::Seat(seat))
            }
            Some("ended") if view["epoch"].is_string() => {
                let seat = seat(view)?;
                let lives_until = lives_until(since);
                self.note(since, returned, What::Seated { place: id, seat, lives_until });
                self.note(asked, returned, What::Gone { seat });
                Ok(Became::Over)
            }
            Some("ended") => {
                self.note(asked, returned, What::Lapsed { place: id });
                Ok(Became::Over)
            }
            _ => bail!("a question about a place was answered {view}"),
        }
    }

    fn until_answered(&mut self, ask: impl Fn(&Self) -> Result<Answer>) -> Result<Heard> {
        let first = clock::micros();
        loop {
            let asked = clock::micros();
            let answer = ask(self);
            let returned = clock::micros();
            match answer {
                Ok(answer) if !comes_later(&answer) => {
                    return Ok(Heard { answer, first, asked, returned });
                }
                _ => self.pause_before_a_repeat()?,
            }
        }
    }
}

/// What is known when the answer to a sign-on that waits is there.
struct Joined {
    view: Value,
    heard: Heard,
    request: RequestId,
    session: String,
}

/// The earliest end of a place by itself after a question about it was asked.
fn kept_until(asked: Micros) -> Micros {
    asked + micros(PLACE) - clock::ROUNDING
}

fn place_id(view: &Value) -> Result<PlaceId> {
    let id = view["id"].as_str().with_context(|| format!("no place in {view}"))?;
    Ok(id.parse()?)
}
