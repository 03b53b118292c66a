//! A pool server that a test plays: it takes links, checks the credential, and shows the test
//! every message.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use hotseat_protocol::ids::{
    ClientName, Epoch, Generation, PoolId, SeatId, SeatRef, Secret, Seq, UserId, WallTime,
};
use hotseat_protocol::link::{
    AccountUser, FromPool, JournalPosition, MachineMessage, Outcome, PoolAnswer, Projected,
    Renewal, Renewed, SeatLeft, ToPool,
};
use hotseat_protocol::quantity::{LeaseMs, LeftMs, SignOffAfterMs, TrayGraceMs, WarnAfterMs};
use hotseat_protocol::version::PROTOCOL_VERSION;
use hotseat_protocol::view::{OnSleep, PolicyView, PoolView, Privacy};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{
    Callback, ErrorResponse, Request, Response,
};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

use crate::soon;

pub(crate) const CREDENTIAL: &str = "the machine's credential";
pub(crate) const LEASE_MS: u64 = 90_000;

pub(crate) struct FakePool {
    listener: TcpListener,
    pub(crate) address: SocketAddr,
}

/// One link after the broker's greeting.
pub(crate) struct Link {
    socket: WebSocketStream<TcpStream>,
    /// What the broker said first.
    pub(crate) hello: ToPool,
    pushes: u64,
}

/// Lets in who shows the credential.
struct CheckCredential;

impl Callback for CheckCredential {
    fn on_request(self, request: &Request, response: Response) -> Result<Response, ErrorResponse> {
        let expected = format!("Bearer {CREDENTIAL}");
        let shown = request.headers().get("authorization");
        if shown.is_some_and(|shown| shown.as_bytes() == expected.as_bytes()) {
            return Ok(response);
        }
        let mut refused = ErrorResponse::new(Some("no".to_owned()));
        *refused.status_mut() = tokio_tungstenite::tungstenite::http::StatusCode::UNAUTHORIZED;
        Err(refused)
    }
}

impl FakePool {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self { listener, address }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next connection, before anything was said on it.
    pub(crate) async fn raw(&self) -> TcpStream {
        let (stream, _) = soon("the broker connects", self.listener.accept()).await.unwrap();
        stream
    }

    /// The next link whose credential is good, after the broker's greeting.
    pub(crate) async fn greeted(&self) -> Link {
        let stream = self.raw().await;
        let mut socket = accept_hdr_async(stream, CheckCredential).await.unwrap();
        let hello = read(&mut socket).await.expect("the broker greets");
        Link { socket, hello, pushes: 0 }
    }

    /// The next link, welcomed, with the one pool in its snapshot.
    pub(crate) async fn link(&self) -> Link {
        let mut link = self.greeted().await;
        link.welcome().await;
        link
    }

    /// Stops taking connections; the address stays free.
    pub(crate) fn stop(self) -> SocketAddr {
        self.address
    }

    pub(crate) async fn start_again(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        Self { listener, address }
    }
}

async fn read(socket: &mut WebSocketStream<TcpStream>) -> Option<ToPool> {
    loop {
        match soon("a message of the broker", socket.next()).await? {
            Ok(Message::Text(json)) => return Some(serde_json::from_str(&json).unwrap()),
            Ok(Message::Ping(_) | Message::Pong(_)) => {}
            Ok(Message::Close(_)) | Err(_) => return None,
            Ok(other) => panic!("the broker sent {other:?}"),
        }
    }
}

impl Link {
    pub(crate) async fn welcome(&mut self) {
        let welcome = FromPool::Welcome {
            version: PROTOCOL_VERSION,
            program: "a test".to_owned(),
            position: position(),
            lease_ms: LeaseMs::clamped(LEASE_MS),
            seal: Some("sealed".to_owned()),
            secret: Some(Secret::new("secret 1")),
            void: false,
        };
        self.send(&welcome).await;
        self.pushes += 1;
        let snapshot = FromPool::Snapshot {
            push: self.pushes,
            position: position(),
            page: 1,
            pages: 1,
            items: vec![Projected::Pool { pool: Box::new(pool_view()) }],
        };
        self.send(&snapshot).await;
    }

    pub(crate) async fn send(&mut self, frame: &FromPool) {
        let json = serde_json::to_string(frame).unwrap();
        self.say(&json).await;
    }

    /// Sends any text at all.
    pub(crate) async fn say(&mut self, text: &str) {
        self.socket.send(Message::Text(text.into())).await.unwrap();
    }

    pub(crate) async fn answer(&mut self, n: u64, answer: PoolAnswer) {
        self.send(&FromPool::Answer { n, answer }).await;
    }

    /// The next message of whichever kind; none when the link has ended.
    pub(crate) async fn any(&mut self) -> Option<(u64, MachineMessage)> {
        match read(&mut self.socket).await? {
            ToPool::Message { n, body } => Some((n, body)),
            ToPool::Hello(_) => panic!("the broker greeted twice"),
            ToPool::Unknown => panic!("the broker says what nobody knows"),
        }
    }

    /// The next message that is not a renewal; renewals are granted meanwhile.
    pub(crate) async fn next(&mut self) -> (u64, MachineMessage) {
        // Renewals must not prolong the wait for something else without end.
        soon("a message that is no renewal", self.next_but_renewals()).await
    }

    async fn next_but_renewals(&mut self) -> (u64, MachineMessage) {
        loop {
            match self.any().await.expect("the link lives") {
                (n, MachineMessage::Renew(renewal)) => self.renew(n, &renewal).await,
                other => return other,
            }
        }
    }

    pub(crate) async fn renew(&mut self, n: u64, renewal: &Renewal) {
        let left = |seat: SeatRef| SeatLeft { seat, left_ms: LeftMs::clamped(LEASE_MS) };
        let seats = renewal.seats.iter().map(|claimed| left(claimed.seat)).collect();
        self.answer(n, PoolAnswer::Renewed(Renewed { seats, ..Renewed::default() })).await;
    }

    /// Takes a log-in as Lucy's.
    pub(crate) async fn log_in(&mut self) {
        match self.next().await {
            (n, MachineMessage::LogIn { email, password, .. }) => {
                assert_eq!((email.as_str(), password.secret().expose()), (EMAIL, PASSWORD));
                let token = Secret::new(TOKEN);
                let expires_at = WallTime { unix_ms: 4_000_000_000_000 };
                let logged_in = PoolAnswer::LoggedIn { token, user: lucy(), expires_at };
                self.answer(n, logged_in).await;
            }
            other => panic!("expected a log-in, not {other:?}"),
        }
    }

    /// Grants the next sign-on.
    pub(crate) async fn grant(&mut self, seat: SeatRef) {
        match self.next().await {
            (n, MachineMessage::SignOn(sign_on)) => {
                assert_eq!(sign_on.token.expose(), TOKEN);
                self.answer(n, granted(seat)).await;
            }
            other => panic!("expected a sign-on, not {other:?}"),
        }
    }

    /// Takes the sign-off of a seat and says why it ended.
    pub(crate) async fn signed_off(
        &mut self,
        expected: SeatRef,
    ) -> hotseat_protocol::reason::ReleaseReason {
        match self.next().await {
            (n, MachineMessage::SignOff { seat, reason }) => {
                assert_eq!(seat, expected);
                self.answer(n, PoolAnswer::Done).await;
                reason
            }
            other => panic!("expected a sign-off, not {other:?}"),
        }
    }

    /// Waits until the broker has ended the link.
    pub(crate) async fn ended(&mut self) {
        while self.any().await.is_some() {}
    }
}

pub(crate) const EMAIL: &str = "lucy@finance.example";
pub(crate) const PASSWORD: &str = "a long pass phrase";
pub(crate) const TOKEN: &str = "lucy's token";

pub(crate) fn lucy() -> AccountUser {
    AccountUser {
        id: UserId::from_random(7),
        name: "Lucy".to_owned(),
        email: EMAIL.to_owned(),
        named: false,
    }
}

pub(crate) fn pool() -> PoolId {
    PoolId::new("infor-crm").unwrap()
}

pub(crate) fn seat(id: u128) -> SeatRef {
    let epoch = Epoch { generation: Generation(1), seq: Seq(10) };
    SeatRef { id: SeatId::from_random(id), epoch }
}

pub(crate) fn granted(seat: SeatRef) -> PoolAnswer {
    PoolAnswer::Outcome {
        outcome: Outcome::Seat {
            seat,
            client: ClientName::new("network").unwrap(),
            since: WallTime { unix_ms: 1_700_000_000_000 },
            counted: true,
            left_ms: LeftMs::clamped(LEASE_MS),
        },
    }
}

fn position() -> JournalPosition {
    JournalPosition::new(Generation(1), Seq(10))
}

/// A pool in which nobody holds a seat.
pub(crate) fn pool_view() -> PoolView {
    PoolView {
        id: pool(),
        name: "Infor CRM".to_owned(),
        seats: 2,
        in_use: 0,
        offered: 0,
        set_aside: 0,
        waiting: 0,
        clients: vec![],
        desktop_client: ClientName::new("network").unwrap(),
        policy: PolicyView {
            warn_after_ms: WarnAfterMs::clamped(1_500_000),
            sign_off_after_ms: SignOffAfterMs::clamped(1_620_000),
            only_when_wanted: true,
            on_sleep: OnSleep::SignOff,
            tray_grace_ms: TrayGraceMs::clamped(10_000),
            offline: hotseat_protocol::view::Offline::Stop,
            lease_ms: None,
        },
        privacy: Privacy::Names,
        holders: vec![],
        more_holders: 0,
        line: vec![],
        usually_waits_s: None,
    }
}
