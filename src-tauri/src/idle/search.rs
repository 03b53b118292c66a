//! Looks for what can tell of a person's input, until it is there; and again when it has gone.

use std::time::Duration;

use super::{IdleSource, LockSource, Soon};
use crate::config::Session;
use crate::platform;

/// Looks once; ends with nothing where there is nothing to find.
pub type Look<T> = Box<dyn Fn() -> Soon<'static, Option<Box<T>>> + Send>;

/// Where to look.
pub struct Sources {
    /// What tells of input.
    pub input: Look<dyn IdleSource>,
    /// What tells of locks.
    pub lock: Look<dyn LockSource>,
}

impl Sources {
    /// Those of this desktop.
    pub fn of_desktop(session: Session) -> Self {
        Self {
            input: Box::new(move || {
                let session = session.clone();
                Box::pin(async move {
                    let found = platform::idle_source(&session).await;
                    if let Some(source) = &found {
                        tracing::info!(source = source.name(), "idle times are known");
                    }
                    found
                })
            }),
            lock: Box::new(|| Box::pin(platform::lock_source())),
        }
    }
}

/// A source that is there, or is being looked for. The looking never holds anything else up: a
/// display or a bus that does not answer is asked once and waited for beside all the rest.
pub(super) struct Search<T: ?Sized> {
    look: Look<T>,
    retry: Duration,
    pub(super) found: Option<Box<T>>,
    looking: Option<Soon<'static, Option<Box<T>>>>,
}

impl<T: ?Sized + 'static> Search<T> {
    /// Looks at once, and `retry` after it found nothing or lost what it had found.
    pub(super) fn new(look: Look<T>, retry: Duration) -> Self {
        let looking = Some(look());
        Self { look, retry, found: None, looking }
    }

    /// Ends when the first look has.
    pub(super) async fn first(&mut self) {
        if let Some(looking) = &mut self.looking {
            self.found = looking.await;
            self.looking = None;
        }
    }

    /// What was found can no longer tell.
    pub(super) fn lose(&mut self) {
        self.found = None;
    }

    /// Ends when there is news: a source was found, or the one that is there has some.
    pub(super) async fn news(&mut self, news: impl FnOnce(&mut T) -> Soon<'_, ()>) {
        if let Some(source) = self.found.as_deref_mut() {
            return news(source).await;
        }
        loop {
            let looking = match &mut self.looking {
                Some(looking) => looking,
                none => {
                    let (again, retry) = ((self.look)(), self.retry);
                    none.insert(Box::pin(async move {
                        tokio::time::sleep(retry).await;
                        again.await
                    }))
                }
            };
            self.found = looking.await;
            self.looking = None;
            if self.found.is_some() {
                return;
            }
        }
    }
}
