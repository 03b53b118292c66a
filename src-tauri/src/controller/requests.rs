//! What an intent asks of the broker, and what comes of its answer.

use hotseat_protocol::ids::{PoolId, RequestId, Secret};
use hotseat_protocol::ipc::{Reply, Request};
use hotseat_protocol::link::{Accept, Outcome};
use hotseat_protocol::problem::{Code, Problem};

use super::{Answer, Call, Controller, Matter, Part, Pending, busy};
use crate::action::Verb;
use crate::clock::Now;
use crate::desktop::Desktop;
use crate::views::UiError;

impl<D: Desktop> Controller<D> {
    /// Sends a request; its answer comes as an event.
    pub(super) fn call(&mut self, request: Request, matter: Matter, answer: Option<Answer>) {
        self.last_call += 1;
        let id = self.last_call;
        match self.outbox.try_send(Call { id, request }) {
            Ok(()) => {
                self.pending.insert(id, Pending { matter, answer });
            }
            Err(error) => {
                tracing::warn!(%error, ?matter, "a request could not be queued");
                if let Matter::InPool { pool, .. } = matter {
                    self.state.busy.remove(&pool);
                }
                reply_to(answer, Err(not_connected("Hotseat's service does not keep up.")));
            }
        }
    }

    pub(super) fn log_in(&mut self, email: String, password: Secret, answer: Option<Answer>) {
        match Request::log_in(&email, password) {
            Ok(request) => self.call(request, Matter::LogIn, answer),
            Err(error) => {
                let problem = Problem::new(Code::Invalid, format!("The {error}."), "");
                reply_to(answer, Err(ui_error(&problem)));
            }
        }
    }

    pub(super) fn in_pool(&mut self, pool: PoolId, verb: Verb, answer: Option<Answer>) {
        let Some(request) = self.request(&pool, verb) else {
            // The offer has passed; the view that says so is on its way.
            reply_to(answer, Ok(()));
            return;
        };
        self.state.refusals.remove(&pool);
        if verb != Verb::Seen {
            self.withdraw_answered(&pool);
        }
        if let Some(busy) = busy(verb) {
            self.state.busy.insert(pool.clone(), busy);
        }
        self.call(request, Matter::InPool { pool, verb }, answer);
    }

    fn request(&self, pool: &PoolId, verb: Verb) -> Option<Request> {
        let sign_on = |wait| Request::SignOn {
            request: RequestId::from_random((self.random)()),
            pool: pool.clone(),
            client: None,
            wait,
        };
        let offer = || {
            let place = self.state.pool(pool)?.place.as_ref()?;
            Some(place.offer.as_ref()?.id)
        };
        let pool = pool.clone();
        Some(match verb {
            Verb::TakeSeat => sign_on(None),
            Verb::Wait => sign_on(Some(Accept::Ask)),
            Verb::TakeOffered => Request::AcceptOffer { offer: offer()? },
            Verb::Pass => Request::DeclineOffer { offer: offer()? },
            Verb::LeaveLine => Request::LeaveLine { pool },
            Verb::SignOff => Request::SignOff { pool: Some(pool) },
            Verb::Keep => Request::Keep { pool },
            Verb::Seen => Request::AcknowledgeLoss { pool },
        })
    }

    /// Takes an answer, or the news that none will come.
    pub(super) fn answered(&mut self, id: u64, reply: Result<Box<Reply>, String>, now: Now) {
        let Some(Pending { matter, answer }) = self.pending.remove(&id) else {
            return;
        };
        if let Matter::InPool { pool, verb } = &matter
            && *verb != Verb::Seen
        {
            self.state.busy.remove(pool);
        }
        let problem = match reply.map(|reply| *reply) {
            Ok(Reply::Problem { problem }) => Some(problem),
            Ok(Reply::Outcome { outcome: Outcome::Refused { problem }, .. }) => Some(problem),
            Ok(Reply::View { view }) => {
                self.state.snapshot(view, now);
                None
            }
            Ok(Reply::Health { health }) => {
                self.window.server = health.server_url.as_deref().and_then(host);
                None
            }
            Ok(
                Reply::Done
                | Reply::Outcome { .. }
                | Reply::SignedOff { .. }
                | Reply::LoggedIn { .. }
                | Reply::Unknown,
            ) => None,
            Err(why) => Some(Problem::new(
                Code::Unavailable,
                format!("The connection to Hotseat's service ended before it answered: {why}."),
                "Try again when it is back.",
            )),
        };
        if matter == Matter::Goodbye {
            self.desktop.exit(0);
            return;
        }
        match problem {
            Some(problem) => self.failed(matter, problem, answer, now),
            None => reply_to(answer, Ok(())),
        }
    }

    fn failed(&mut self, matter: Matter, problem: Problem, answer: Option<Answer>, now: Now) {
        tracing::info!(?matter, code = ?problem.code, detail = %problem.detail, "not done");
        match matter {
            Matter::InPool { verb: Verb::Seen, .. }
            | Matter::View
            | Matter::Doctor
            | Matter::Goodbye => {}
            Matter::InPool { pool, .. } => {
                let refused = problem.code.is_refusal();
                if self.part == Part::Tray {
                    self.tell_failure(Some(&pool), &problem, now);
                    if problem.code == Code::NotLoggedIn {
                        self.desktop.open_window();
                    }
                }
                if refused {
                    // The window shows it in the pool; the command itself went well.
                    self.state.refusals.insert(pool, problem);
                    reply_to(answer, Ok(()));
                    return;
                }
            }
            Matter::LogIn | Matter::LogOut => {
                if self.part == Part::Tray {
                    self.tell_failure(None, &problem, now);
                }
            }
        }
        reply_to(answer, Err(ui_error(&problem)));
    }
}

fn reply_to(answer: Option<Answer>, result: Result<(), UiError>) {
    if let Some(answer) = answer {
        // The page may have gone meanwhile.
        let _ = answer.send(result);
    }
}

fn not_connected(text: &str) -> UiError {
    UiError {
        code: "unavailable".to_owned(),
        text: text.to_owned(),
        next: Some("Try again in a moment.".to_owned()),
    }
}

/// A problem as the window shows it.
pub fn ui_error(problem: &Problem) -> UiError {
    UiError {
        code: code_name(problem.code),
        text: problem.detail.clone(),
        next: (!problem.next.is_empty()).then(|| problem.next.clone()),
    }
}

/// The code as the wire names it.
pub fn code_name(code: Code) -> String {
    match serde_json::to_value(code) {
        Ok(serde_json::Value::String(name)) => name,
        _ => "unknown".to_owned(),
    }
}

/// `pool.example:7480` from a URL; the scheme and the path mean nothing to a person.
fn host(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let host = host.rsplit('@').next()?;
    (!host.is_empty()).then(|| host.to_owned())
}
