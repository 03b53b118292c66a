//! Programs of a desktop: the typed client, and one that says what it likes.

use std::path::Path;

use futures_util::{SinkExt, StreamExt};
use hotseat_ipc::client::{Client, Pushes};
use hotseat_ipc::frame::FrameCodec;
use hotseat_ipc::socket::{self, Shared};
use hotseat_protocol::ids::{RequestId, Secret};
use hotseat_protocol::ipc::{
    FromBroker, Hello, IPC_FRAME_BYTES_MAX, LinkState, MySeat, Reply, Request, ResumeKey, Role,
    ToBroker, View,
};
use hotseat_protocol::link::Outcome;
use hotseat_protocol::problem::{Code, Problem};
use hotseat_protocol::version::PROTOCOL_VERSION;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::codec::Framed;

use crate::fake_pool::{EMAIL, PASSWORD, pool};
use crate::soon;

pub(crate) fn hello(role: Role) -> Hello {
    Hello {
        version: PROTOCOL_VERSION,
        program: "a test".to_owned(),
        role,
        display: Some(":7".to_owned()),
        resume: vec![],
    }
}

/// A program with the typed client.
pub(crate) struct Program {
    pub(crate) client: Client,
    pub(crate) pushes: Pushes,
}

impl Program {
    pub(crate) async fn start(socket: &Path, role: Role) -> Self {
        Self::greet(socket, hello(role)).await
    }

    pub(crate) async fn greet(socket: &Path, hello: Hello) -> Self {
        let paths = [socket.to_path_buf()];
        let (client, pushes) = soon("a greeting", Client::connect(&paths, hello)).await.unwrap();
        Self { client, pushes }
    }

    pub(crate) async fn ask(&self, request: Request) -> Reply {
        soon("a reply", self.client.ask(request)).await.unwrap()
    }

    pub(crate) async fn view(&self) -> View {
        match self.ask(Request::View).await {
            Reply::View { view } => view,
            other => panic!("expected a view, not {other:?}"),
        }
    }

    /// Waits until the view is as wanted; every change is pushed, so nothing is polled.
    pub(crate) async fn until(&mut self, what: &str, wanted: impl Fn(&View) -> bool) -> View {
        assert_eq!(self.ask(Request::Subscribe).await, Reply::Done);
        loop {
            let view = self.view().await;
            if wanted(&view) {
                return view;
            }
            assert!(soon(what, self.pushes.next()).await.is_some(), "{what}: the broker is gone");
        }
    }

    pub(crate) async fn linked(&mut self) {
        self.until("the link is up", |view| view.link == LinkState::Up && !view.pools.is_empty())
            .await;
    }

    pub(crate) fn log_in() -> Request {
        Request::log_in(EMAIL, Secret::new(PASSWORD)).unwrap()
    }

    pub(crate) fn sign_on(request: u128) -> Request {
        Request::SignOn {
            request: RequestId::from_random(request),
            pool: pool(),
            client: None,
            wait: None,
        }
    }
}

/// The seats in a view.
pub(crate) fn seats(view: &View) -> Vec<MySeat> {
    view.pools.iter().flat_map(|pool| pool.seats.clone()).collect()
}

pub(crate) fn resume_key(reply: Reply) -> ResumeKey {
    match reply {
        Reply::Outcome { outcome: Outcome::Seat { .. }, resume: Some(key), .. } => key,
        other => panic!("expected a seat that can be resumed, not {other:?}"),
    }
}

pub(crate) fn problem(reply: Reply) -> Problem {
    match reply {
        Reply::Problem { problem } => problem,
        other => panic!("expected a problem, not {other:?}"),
    }
}

/// A program that says what it likes.
pub(crate) struct Raw {
    frames: Framed<Shared, FrameCodec<FromBroker, ToBroker>>,
}

impl Raw {
    pub(crate) async fn connect(socket: &Path) -> Self {
        let connection = socket::connect(&[socket.to_path_buf()]).await.unwrap();
        Self { frames: Framed::new(Shared(connection), FrameCodec::new(IPC_FRAME_BYTES_MAX)) }
    }

    pub(crate) async fn greeted(socket: &Path, role: Role) -> Self {
        Self::let_in(socket, role).await.expect("a welcome")
    }

    /// One that is welcome; none while its user has as many as one may have.
    pub(crate) async fn let_in(socket: &Path, role: Role) -> Option<Self> {
        let mut raw = Self::connect(socket).await;
        // Who is refused may be cut off before this, and can read why.
        let _ = raw.frames.send(&ToBroker::Hello(hello(role))).await;
        loop {
            match raw.next().await {
                Some(FromBroker::Hello { .. }) => {}
                Some(FromBroker::Welcome { .. }) => return Some(raw),
                Some(FromBroker::Refused { problem }) if problem.code == Code::TooMany => {
                    return None;
                }
                other => panic!("expected a welcome, not {other:?}"),
            }
        }
    }

    pub(crate) async fn send(&mut self, frame: &ToBroker) {
        self.frames.send(frame).await.unwrap();
    }

    pub(crate) async fn try_bytes(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.frames.get_mut().write_all(bytes).await
    }

    /// Sends bytes, as far as the broker still takes them.
    pub(crate) async fn bytes(&mut self, bytes: &[u8]) {
        let _ = self.try_bytes(bytes).await;
    }

    pub(crate) async fn json(&mut self, json: &str) {
        let length = u32::try_from(json.len()).unwrap();
        self.bytes(&length.to_be_bytes()).await;
        self.bytes(json.as_bytes()).await;
    }

    /// The next frame; none when the connection has ended.
    pub(crate) async fn next(&mut self) -> Option<FromBroker> {
        let frame = soon("a frame of the broker", self.frames.next()).await?.ok()?;
        Some(frame.expect("a frame that can be read"))
    }

    /// The next frame as it was sent.
    pub(crate) async fn next_value(&mut self) -> Value {
        let stream = self.frames.get_mut();
        let mut length = [0; 4];
        soon("a frame of the broker", stream.read_exact(&mut length)).await.unwrap();
        let mut frame = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
        soon("the rest of it", stream.read_exact(&mut frame)).await.unwrap();
        serde_json::from_slice(&frame).unwrap()
    }

    /// Reads until the broker refuses, and sees that it then closes.
    pub(crate) async fn refused(&mut self) -> Problem {
        loop {
            match self.next().await {
                Some(FromBroker::Refused { problem }) => {
                    assert_eq!(self.next().await, None, "the connection is still open");
                    return problem;
                }
                Some(FromBroker::Hello { .. } | FromBroker::Welcome { .. }) => {}
                other => panic!("expected a refusal, not {other:?}"),
            }
        }
    }

    pub(crate) async fn refused_for(&mut self, code: Code) -> Problem {
        let problem = self.refused().await;
        assert_eq!(problem.code, code, "{problem}");
        problem
    }
}
