//! What every handler works with.

use std::sync::Arc;

use hotseat_protocol::ids::{ClientName, PoolId, RequestId, UserId};
use hotseat_protocol::problem::Problem;
use hotseat_rules::{
    Answer, BodyHash, Caller, Command, Outcome, Privacy, Refused, RequestKey, State,
};
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;

use super::error::ApiError;
use super::words;
use crate::clock::Clock;
use crate::directory::{Attempts, Directory, Names, Passwords, Refusals};
use crate::engine::{EngineError, EngineHandle, View};
use crate::history::Reader;
use crate::journal::By;
use crate::lifecycle::{Shutdown, Tasks};
use crate::links::Links;

/// The parts of a running server. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct App {
    /// Decides.
    pub(crate) engine: EngineHandle,
    /// Knows names and secrets.
    pub(crate) directory: Directory,
    /// Works out hashes.
    pub(crate) passwords: Passwords,
    /// Failed log-ins.
    pub(crate) attempts: Arc<Attempts>,
    /// Refused sign-ons and checks over REST.
    pub(crate) refusals: Arc<Refusals>,
    /// Held by whoever changes a part of a person's account.
    pub(crate) user_changes: Arc<Mutex<()>>,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Reads the journal for people.
    pub(crate) reader: Reader,
    /// Tells links to end.
    pub(crate) shutdown: Shutdown,
    /// Links under way.
    pub(crate) tasks: Tasks,
    /// Which machines have one, and with which secret.
    pub(crate) links: Arc<Links>,
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Refused(refusal) => refusal.into(),
            EngineError::Failed(failure) => failure.into(),
            EngineError::Busy => {
                let detail = "The pool server is too busy; nothing was changed.";
                Self::new(hotseat_protocol::problem::Code::Unavailable, detail, "Try again.")
            }
            EngineError::Stopped => Self::stopping(),
        }
    }
}

impl App {
    /// Has a command decided; the answer comes when it is durable.
    pub(crate) async fn submit(&self, command: Command) -> Result<Answer, ApiError> {
        Ok(self.engine.submit(command).await?)
    }

    /// The same for an administrator, or a service that acts for somebody: the journal names them.
    pub(crate) async fn submit_by(
        &self,
        by: impl Into<Option<By>>,
        command: Command,
    ) -> Result<Answer, ApiError> {
        Ok(match by.into() {
            Some(by) => self.engine.submit_by(by, command).await?,
            None => self.engine.submit(command).await?,
        })
    }

    /// Copies something out of the committed state.
    pub(crate) async fn read<R: Send + 'static>(
        &self,
        look: impl FnOnce(View<'_>) -> R + Send + 'static,
    ) -> Result<R, ApiError> {
        Ok(self.engine.read(look).await?)
    }

    /// Lets a caller over REST ask for a person, unless too much was refused.
    pub(crate) fn may_ask(&self, caller: Caller, user: UserId) -> Result<(), ApiError> {
        let asked = self.refusals.may_ask(caller, user, self.clock.mono());
        asked.map_err(|wait| {
            let detail = "Too much was refused: the same is asked again and again.";
            ApiError::too_many(detail, wait)
        })
    }

    /// A caller over REST was refused.
    pub(crate) fn note_refusal(&self, caller: Caller, user: UserId) {
        self.refusals.refused(caller, user, self.clock.mono());
    }

    /// The names as they are now.
    pub(crate) fn names(&self) -> Arc<Names> {
        self.directory.names()
    }

    /// A refusal with everything that the caller is told about it.
    pub(crate) async fn refusal(
        &self,
        refused: Refused,
        client: ClientName,
        is_check: bool,
    ) -> Result<Problem, ApiError> {
        let pool = refused.facts.pool.clone();
        let (privacy, usually_waits_s) = self
            .read(move |view| (privacy_of(view.state, &pool), view.usually_waits_s(&pool)))
            .await?;
        let asked = words::Asked { client: client.as_str(), is_check, privacy, usually_waits_s };
        Ok(words::refusal(&refused, asked, &self.names()))
    }

    /// What a request asked for, as its refusal tells it, and the rank of its place.
    pub(crate) async fn context(&self, key: RequestKey) -> Result<Context, ApiError> {
        self.read(move |view| {
            let refused = view.state.refused(&key).map(|refused| refused.asked(key));
            let asked = view.state.request(&key).and_then(|request| request.asked.as_ref());
            let asked = refused.as_ref().or(asked);
            let place = asked.and_then(|asked| view.state.user_place(&asked.pool, asked.user));
            Context {
                client: asked.map(|asked| asked.client.clone()),
                privacy: asked.map_or(Privacy::Counts, |asked| privacy_of(view.state, &asked.pool)),
                usually_waits_s: asked.and_then(|asked| view.usually_waits_s(&asked.pool)),
                rank: place.and_then(|place| view.state.position(place.id)),
            }
        })
        .await
    }
}

/// What belongs to a request beside its outcome.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    /// By which way in; none when the request was cancelled before it came.
    pub(crate) client: Option<ClientName>,
    /// What people of its pool see of each other.
    pub(crate) privacy: Privacy,
    /// How long half of the waiters of its pool waited lately, from and to.
    pub(crate) usually_waits_s: Option<[u32; 2]>,
    /// The rank of its user's place.
    pub(crate) rank: Option<u32>,
}

impl Context {
    /// A refusal with everything that the caller is told about it.
    pub(crate) fn refusal(&self, refused: &Refused, names: &Names) -> Problem {
        let client = self.client.as_ref().map_or("this client", ClientName::as_str);
        let asked = words::Asked {
            client,
            is_check: false,
            privacy: self.privacy,
            usually_waits_s: self.usually_waits_s,
        };
        words::refusal(refused, asked, names)
    }
}

fn privacy_of(state: &State, pool: &PoolId) -> Privacy {
    state.pool(pool).map_or(Privacy::Counts, |pool| pool.definition.privacy)
}

/// The request of a caller.
pub(crate) fn key(caller: Caller, id: RequestId) -> RequestKey {
    RequestKey { caller, id }
}

/// What is remembered of a body, to tell a retry from another request with the same id.
pub(crate) fn body_hash(body: &impl serde::Serialize) -> Result<BodyHash, ApiError> {
    let json = serde_json::to_vec(body).map_err(|error| ApiError::internal(&error))?;
    Ok(BodyHash(Sha256::digest(json).into()))
}

/// What became of a request, where nothing else can be the answer.
pub(crate) fn outcome(answer: Answer) -> Result<Outcome, ApiError> {
    match answer {
        Answer::Became(outcome) => Ok(outcome),
        Answer::Done | Answer::Passed | Answer::Refused(_) => {
            Err(ApiError::internal(&"a request was decided without an outcome"))
        }
    }
}
