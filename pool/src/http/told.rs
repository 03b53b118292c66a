//! A connection's stream on which every answer has a body.
//!
//! The HTTP library answers by itself what it cannot read, before any service is asked, and says no
//! more than a status. Here that answer becomes a problem like all others. It is known by what it
//! lacks: every answer of ours says that it must not be stored. Whoever is still sending then gets
//! to read it: the connection is closed for reading only when the rest has come, or some time has
//! passed.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{StatusCode, header};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::error::{ApiError, problem_bytes};

/// How long the rest of a request may come that was answered before it was read.
pub(super) const REST_WITHIN: Duration = Duration::from_secs(2);
/// How much of it is taken and thrown away.
pub(super) const REST_BYTES_MAX: usize = 1024 * 1024;

/// A stream.
pub(super) struct Told<S> {
    inner: S,
    /// Whether the connection speaks HTTP no longer.
    upgraded: Arc<AtomicBool>,
    answer: Option<Answer>,
    rest: Option<Rest>,
}

/// What is said instead of what the library says.
struct Answer {
    left: Bytes,
    /// The library's own bytes.
    stands_for: usize,
}

/// What still comes after an answer of the library.
struct Rest {
    bytes: usize,
    until: Pin<Box<Sleep>>,
}

impl<S> Told<S> {
    /// Wraps a stream; `upgraded` is set when it speaks HTTP no longer.
    pub(super) fn new(inner: S, upgraded: Arc<AtomicBool>) -> Self {
        Self { inner, upgraded, answer: None, rest: None }
    }

    /// Where the library's own answer begins in what it writes, and what it says.
    fn automatic(&self, bytes: &[u8]) -> Option<(usize, StatusCode)> {
        if self.upgraded.load(Ordering::Relaxed) {
            return None;
        }
        automatic(bytes)
    }
}

impl<S: AsyncWrite + Unpin> Told<S> {
    /// Writes what is left of the answer; returns how many bytes it stands for.
    fn answer(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Some(answer) = &mut self.answer else { return Poll::Ready(Ok(0)) };
        while !answer.left.is_empty() {
            let written = ready!(Pin::new(&mut self.inner).poll_write(context, &answer.left))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            answer.left = answer.left.slice(written..);
        }
        let stands_for = answer.stands_for;
        self.answer = None;
        let until = Box::pin(tokio::time::sleep(REST_WITHIN));
        self.rest = Some(Rest { bytes: 0, until });
        Poll::Ready(Ok(stands_for))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Told<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Told<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.answer.is_some() {
            return self.answer(context);
        }
        match self.automatic(bytes) {
            None => Pin::new(&mut self.inner).poll_write(context, bytes),
            Some((0, status)) => {
                self.answer = Some(Answer { left: told(status), stands_for: bytes.len() });
                self.answer(context)
            }
            // Answers to earlier requests go before it.
            Some((begins, _)) => {
                let before = bytes.get(..begins).unwrap_or(bytes);
                Pin::new(&mut self.inner).poll_write(context, before)
            }
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // Heads come first, and this one has no body.
        let first = pieces.iter().find(|piece| !piece.is_empty());
        if let Some(first) = first
            && (self.answer.is_some() || self.automatic(first).is_some())
        {
            return self.poll_write(context, first);
        }
        Pin::new(&mut self.inner).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.inner).poll_shutdown(context))?;
        let Self { inner, rest, .. } = &mut *self;
        let Some(rest) = rest else { return Poll::Ready(Ok(())) };
        let mut thrown_away = [0; 4096];
        while rest.bytes < REST_BYTES_MAX && rest.until.as_mut().poll(context).is_pending() {
            let mut buffer = ReadBuf::new(&mut thrown_away);
            match Pin::new(&mut *inner).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    rest.bytes += buffer.filled().len();
                }
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// Where an answer that the library gives by itself begins, if bytes end with one.
fn automatic(bytes: &[u8]) -> Option<(usize, StatusCode)> {
    const BEGINNING: &[u8] = b"HTTP/1.";
    if !bytes.ends_with(b"\r\n\r\n") {
        return None;
    }
    let begins = bytes.windows(BEGINNING.len()).rposition(|window| window == BEGINNING)?;
    let head = std::str::from_utf8(bytes.get(begins..)?).ok()?.to_ascii_lowercase();
    let ours = head.contains(header::CACHE_CONTROL.as_str());
    let is_empty = head.contains("\r\ncontent-length: 0\r\n");
    let status = head.split(' ').nth(1)?.parse().ok().filter(|_| is_empty && !ours)?;
    matches!(
        status,
        StatusCode::BAD_REQUEST
            | StatusCode::URI_TOO_LONG
            | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
    )
    .then_some((begins, status))
}

/// The whole answer, in the words that belong to a status.
fn told(status: StatusCode) -> Bytes {
    let detail = match status {
        StatusCode::URI_TOO_LONG => "The address is too long.",
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            "The head of the request is too long: it may have 64 KiB and 100 headers."
        }
        _ => "The request cannot be read as HTTP/1.1.",
    };
    let body = problem_bytes(status, &ApiError::invalid(detail));
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\
         cache-control: no-store\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\r\n",
        body.len(),
    );
    [head.into_bytes(), body].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_library_says_by_itself_is_known_as_that() {
        let automatic = |text: &str| automatic(text.as_bytes());
        let bad = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\ndate: x\r\n\r\n";
        let ours =
            "HTTP/1.1 400 Bad Request\r\ncache-control: no-store\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(automatic(bad), Some((0, StatusCode::BAD_REQUEST)));
        assert_eq!(automatic(ours), None);
        assert_eq!(automatic(&format!("{ours}{bad}")), Some((ours.len(), StatusCode::BAD_REQUEST)));
        assert_eq!(automatic(&format!("{bad}{{}}")), None);
        assert_eq!(automatic("HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n"), None);
        assert_eq!(automatic("\r\n\r\n"), None);
    }
}
