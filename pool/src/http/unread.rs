//! The body of a request, read to its end also where the answer did not wait for it.
//!
//! An answer that comes before the whole request was read would otherwise close the connection
//! under whoever is still sending, who then may never see it.

use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

use super::told::{REST_BYTES_MAX, REST_WITHIN};
use crate::lifecycle::{Shutdown, Tasks};

/// A body. What is left of it when it is dropped is read and thrown away.
pub(super) struct Unread {
    body: Option<Incoming>,
    tasks: Tasks,
    shutdown: Shutdown,
}

impl Unread {
    /// Wraps a body; the rest is read by one of the tasks, until the end is requested.
    pub(super) fn new(body: Incoming, tasks: Tasks, shutdown: Shutdown) -> Self {
        Self { body: Some(body), tasks, shutdown }
    }
}

impl Body for Unread {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}

async fn throw_away(mut body: Incoming) {
    let mut bytes = 0;
    while bytes < REST_BYTES_MAX {
        let frame = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await;
        let Some(Ok(frame)) = frame else { return };
        bytes += frame.data_ref().map_or(0, Bytes::len);
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) else {
            return;
        };
        // At the end of the whole program there is nobody to read it.
        if tokio::runtime::Handle::try_current().is_err() {
            return;
        }
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                _ = tokio::time::timeout(REST_WITHIN, throw_away(body)) => {}
                () = shutdown.requested() => {}
            }
        });
    }
}
