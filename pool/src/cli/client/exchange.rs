//! One request and its answer over a connection, bounded in time and memory whatever the other end
//! does. It knows nothing of who that is.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, Response, StatusCode, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};

use super::ANSWER_BYTES_MAX;
use crate::http::local::LISTEN;

/// Bytes of an answer's head: our own have a few hundred.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// What is asked.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) path: String,
    /// JSON.
    pub(super) body: Option<String>,
}

/// What is answered.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) text: String,
    /// Where the same server listens, when it says so.
    pub(super) listen: Option<SocketAddr>,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub(super) enum NoAnswer {
    /// Not all of it came in time.
    #[error("it took the request and did not answer within {} s", .0.as_secs())]
    Silent(Duration),
    /// The other end closed the connection, or does not speak HTTP.
    #[error("it does not answer like a Hotseat pool server")]
    Broken(#[from] hyper::Error),
    /// The request cannot be sent at all.
    #[error("the request cannot be made")]
    Unmade(#[from] axum::http::Error),
    /// The connection failed, or the body is longer than what is read.
    #[error("its answer cannot be read: it broke off, or has more than {max} bytes", max = ANSWER_BYTES_MAX)]
    Unread(#[source] axum::Error),
    /// The body is no text.
    #[error("its answer is no text")]
    NotText,
}

/// The request as it is sent to a server on this machine.
pub(super) fn request(ask: &Ask) -> Result<Request<Body>, axum::http::Error> {
    let request = Request::builder().method(&ask.method).uri(&ask.path);
    let request = request.header(header::HOST, "localhost");
    match &ask.body {
        Some(body) => {
            let request = request.header(header::CONTENT_TYPE, "application/json");
            request.body(Body::from(body.clone()))
        }
        None => request.body(Body::empty()),
    }
}

/// Asks over a connection of its own.
pub(super) async fn exchange<S>(stream: S, ask: &Ask, within: Duration) -> Result<Answer, NoAnswer>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let talk = async {
        let mut http = http1::Builder::new();
        http.max_buf_size(HEAD_BYTES_MAX);
        let (mut sender, connection) = http.handshake(TokioIo::new(stream)).await?;
        let request = request(ask)?;
        let answer = async move { read(sender.send_request(request).await?.map(Body::new)).await };
        tokio::pin!(answer, connection);
        tokio::select! {
            answer = answer.as_mut() => answer,
            ended = connection.as_mut() => {
                ended?;
                // The server closed after its answer, which is there.
                answer.await
            }
        }
    };
    tokio::time::timeout(within, talk).await.unwrap_or(Err(NoAnswer::Silent(within)))
}

/// Reads all of an answer.
pub(super) async fn read(response: Response<Body>) -> Result<Answer, NoAnswer> {
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, ANSWER_BYTES_MAX).await.map_err(NoAnswer::Unread)?;
    let text = String::from_utf8(body.into()).map_err(|_| NoAnswer::NotText)?;
    Ok(Answer { status: parts.status, text, listen: listen(&parts.headers) })
}

fn listen(headers: &HeaderMap) -> Option<SocketAddr> {
    headers.get(LISTEN)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

    use super::*;

    const WITHIN: Duration = Duration::from_secs(5);

    fn ask() -> Ask {
        Ask { method: Method::GET, path: "/healthz".to_owned(), body: None }
    }

    /// Asks a server that reads the request and then does as it likes.
    async fn asked<F>(serve: impl FnOnce(DuplexStream) -> F) -> Result<Answer, NoAnswer>
    where
        F: Future<Output = ()>,
    {
        let (here, mut there) = tokio::io::duplex(64 * 1024);
        let serve = async {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(there.read_u8().await.unwrap());
            }
            serve(there).await;
        };
        let ask = ask();
        let asked = exchange(here, &ask, WITHIN);
        tokio::pin!(asked, serve);
        tokio::select! {
            answer = asked.as_mut() => answer,
            () = serve => asked.await,
        }
    }

    /// Writes the same without end, until the reader goes.
    async fn flood(stream: &mut DuplexStream, text: &str) {
        while stream.write_all(text.as_bytes()).await.is_ok() {}
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_answers_nothing_is_given_up() {
        let answer = asked(|stream| async move {
            std::future::pending::<()>().await;
            drop(stream);
        });
        assert!(matches!(answer.await, Err(NoAnswer::Silent(WITHIN))));
        let answer = asked(|mut stream| async move {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").await.unwrap();
            std::future::pending::<()>().await;
        });
        assert!(matches!(answer.await, Err(NoAnswer::Silent(WITHIN))));
        let answer = asked(|mut stream| async move {
            // A little, always in time.
            while stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        assert!(matches!(answer.await, Err(NoAnswer::Silent(WITHIN))));
    }

    #[tokio::test]
    async fn a_server_that_writes_without_end_is_cut_off() {
        let answer = asked(|mut stream| async move {
            stream.write_all(b"HTTP/1.1 200 OK\r\n").await.unwrap();
            flood(&mut stream, "more: and more\r\n").await;
        });
        assert!(matches!(answer.await, Err(NoAnswer::Broken(_))));
        let answer = asked(|mut stream| async move {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            flood(&mut stream, &"more and ".repeat(5000)).await;
        });
        let said = answer.await.unwrap_err().to_string();
        assert!(said.contains("67108864 bytes"), "{said}");
    }

    #[tokio::test]
    async fn what_is_no_answer_is_said() {
        let answer = asked(|mut stream| async move {
            stream.write_all(b"220 mail.example ESMTP\r\n").await.unwrap();
        });
        assert!(matches!(answer.await, Err(NoAnswer::Broken(_))));
        assert!(matches!(asked(|_| async {}).await, Err(NoAnswer::Broken(_))));
        let answer = asked(|mut stream| async move {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n\xff").await.unwrap();
        });
        assert!(matches!(answer.await, Err(NoAnswer::NotText)));
        let answer = asked(|mut stream| async move {
            let head = b"HTTP/1.1 200 OK\r\nhotseat-listen: [::1]:7480\r\n\r\n{}";
            stream.write_all(head).await.unwrap();
        });
        let answer = answer.await.unwrap();
        assert_eq!((answer.text.as_str(), answer.listen), ("{}", "[::1]:7480".parse().ok()));
    }
}
