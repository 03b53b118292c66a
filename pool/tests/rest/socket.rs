//! A broker's side of a link, as a plain WebSocket client.

use std::cell::RefCell;
use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use hotseat_protocol::bounded_text::TypedPassword;
use hotseat_protocol::ids::{Anchor, MachineId, PoolId, RequestId, Secret};
use hotseat_protocol::link::{
    FromPool, JournalPosition, LinkHello, MachineMessage, Outcome, PoolAnswer, Projected, Renewal,
    SignOn, ToPool,
};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::world::{PATIENCE, POOL, Server, email, password};

/// A machine that was enrolled.
pub(crate) struct Machine {
    pub(crate) id: MachineId,
    pub(crate) credential: String,
    /// What is on its disk of the newest greeting.
    pub(crate) disk: RefCell<Disk>,
}

/// What a machine keeps of its greetings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk {
    pub(crate) secret: Option<Secret>,
    pub(crate) mark: Option<(JournalPosition, String)>,
}

impl Machine {
    pub(crate) fn enrol(server: &Server, name: &str) -> Self {
        let admin = server.admin();
        let invitation = admin.post("/api/v1/machines/invitations", &json!({})).expect(201);
        let body = json!({ "invitation": invitation["invitation"], "name": name });
        let answer = server.client().post("/api/v1/machines/enroll", &body).expect(201);
        Self {
            id: answer["machine"].as_str().unwrap().parse().unwrap(),
            credential: answer["credential"].as_str().unwrap().to_owned(),
            disk: RefCell::default(),
        }
    }
}

/// One link.
pub(crate) struct Link {
    runtime: Runtime,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    n: u64,
    /// Everything that came unasked.
    pub(crate) pushes: Vec<FromPool>,
    /// How many of them were looked at.
    looked_at: usize,
}

impl Link {
    /// Opens the WebSocket; nothing is said yet.
    pub(crate) fn open(server: &Server, credential: &str) -> Result<Self, Box<Error>> {
        Self::open_at(server.address, credential)
    }

    /// Opens the WebSocket of whatever server listens there; nothing is said yet.
    pub(crate) fn open_at(address: SocketAddr, credential: &str) -> Result<Self, Box<Error>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let url = format!("ws://{address}/api/v1/link");
        let mut request = url.into_client_request().unwrap();
        let bearer = HeaderValue::from_str(&format!("Bearer {credential}")).unwrap();
        request.headers_mut().insert("Authorization", bearer);
        let connected = runtime.block_on(async { connect_async(request).await });
        let (socket, _) = connected.map_err(Box::new)?;
        Ok(Self { runtime, socket, n: 0, pushes: Vec::new(), looked_at: 0 })
    }

    /// Opens a link and greets; returns after the first snapshot.
    pub(crate) fn up(server: &Server, machine: &Machine) -> Self {
        let disk = machine.disk.borrow().clone();
        let (mut link, answer) = Self::knock(server, machine, &disk, "boot");
        match answer {
            FromPool::Welcome { lease_ms, secret, .. } => {
                assert_eq!(lease_ms.get(), 90_000);
                machine.disk.borrow_mut().secret = secret;
            }
            other => panic!("{other:?}"),
        }
        // The first message says that the secret is durable.
        link.renew(Renewal::default());
        link.wait_for(
            |frame| matches!(frame, FromPool::Snapshot { page, pages, .. } if page == pages),
        );
        link
    }

    /// Opens a link and greets with what is on a disk; nothing is said after the answer yet.
    pub(crate) fn knock(
        server: &Server,
        machine: &Machine,
        disk: &Disk,
        boot_id: &str,
    ) -> (Self, FromPool) {
        let mut link = Self::open(server, &machine.credential).unwrap();
        link.hello(machine.id, disk, boot_id);
        let answer = link.next().expect("an answer to the greeting");
        (link, answer)
    }

    pub(crate) fn hello(&mut self, machine: MachineId, disk: &Disk, boot_id: &str) {
        self.send(&ToPool::Hello(LinkHello {
            version: hotseat_protocol::version::PROTOCOL_VERSION,
            program: "test".to_owned(),
            machine,
            boot_id: boot_id.to_owned(),
            seen: disk.mark.as_ref().map(|(position, _)| *position),
            seal: disk.mark.as_ref().map(|(_, seal)| seal.clone()),
            secret: disk.secret.clone(),
            follows_lease: true,
        }));
    }

    pub(crate) fn greet(&mut self, machine: MachineId, version: u32) {
        self.send(&ToPool::Hello(LinkHello {
            version,
            program: "test".to_owned(),
            machine,
            boot_id: "boot".to_owned(),
            seen: None,
            seal: None,
            secret: None,
            follows_lease: false,
        }));
    }

    pub(crate) fn send(&mut self, frame: &ToPool) {
        let json = serde_json::to_string(frame).unwrap();
        self.send_raw(Message::Text(json.into()));
    }

    pub(crate) fn send_raw(&mut self, message: Message) {
        // The peer may have closed the link; what it says is read.
        let _ = self.runtime.block_on(self.socket.send(message));
    }

    /// The next frame; none when the link was closed. Answers to what had no number are passed over.
    pub(crate) fn next(&mut self) -> Option<FromPool> {
        loop {
            let frame: Value = serde_json::from_str(&self.next_text()?).unwrap();
            if frame["type"] != "answer" || frame["n"].is_u64() {
                return Some(serde_json::from_value(frame).unwrap());
            }
        }
    }

    /// The next frame as it was sent.
    pub(crate) fn next_text(&mut self) -> Option<String> {
        loop {
            let socket = &mut self.socket;
            let next = async { timeout(PATIENCE, socket.next()).await };
            let message = self.runtime.block_on(next).expect("the pool says nothing");
            match message {
                Some(Ok(Message::Text(json))) => return Some(json.to_string()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// Why the pool closed the link, as its close frame says; pushes before it do not matter.
    pub(crate) fn closed(&mut self) -> String {
        loop {
            let socket = &mut self.socket;
            let next = async { timeout(PATIENCE, socket.next()).await };
            let message = self.runtime.block_on(next).expect("the pool does not close the link");
            match message {
                Some(Ok(Message::Close(Some(frame)))) => return frame.reason.to_string(),
                Some(Ok(Message::Close(None)) | Err(_)) | None => return String::new(),
                Some(Ok(_)) => {}
            }
        }
    }

    /// The first push that fits, of those that came and those to come.
    pub(crate) fn wait_for(&mut self, fits: impl Fn(&FromPool) -> bool) -> FromPool {
        loop {
            while let Some(frame) = self.pushes.get(self.looked_at) {
                self.looked_at += 1;
                if fits(frame) {
                    return frame.clone();
                }
            }
            let frame = self.next().expect("the link was closed");
            self.pushes.push(frame);
        }
    }

    /// The first change of the projection that fits. Others in the same push are passed over.
    pub(crate) fn wait_for_item(&mut self, fits: impl Fn(&Projected) -> bool) -> Projected {
        let items = |frame: &FromPool| match frame {
            FromPool::Changed { items, .. } | FromPool::Snapshot { items, .. } => items.clone(),
            _ => Vec::new(),
        };
        let frame = self.wait_for(|frame| items(frame).iter().any(&fits));
        items(&frame).into_iter().find(&fits).unwrap()
    }

    /// Sends a message and returns its answer.
    pub(crate) fn ask(&mut self, body: MachineMessage) -> PoolAnswer {
        let n = self.say(body);
        self.answer_to(n)
    }

    /// Sends a message that is JSON and may be wrong, and returns its answer.
    pub(crate) fn ask_raw(&mut self, body: &str) -> PoolAnswer {
        let n = self.say_raw(body);
        self.answer_to(n)
    }

    /// Sends a message that is JSON and may be wrong.
    pub(crate) fn say_raw(&mut self, body: &str) -> u64 {
        self.n += 1;
        let n = self.n;
        self.send_text(&format!(r#"{{"type":"message","n":{n},"body":{body}}}"#));
        n
    }

    /// Sends a frame that may be wrong.
    pub(crate) fn send_text(&mut self, text: &str) {
        self.send_raw(Message::Text(text.to_owned().into()));
    }

    /// Sends a message.
    pub(crate) fn say(&mut self, body: MachineMessage) -> u64 {
        self.n += 1;
        let n = self.n;
        self.send(&ToPool::Message { n, body });
        n
    }

    pub(crate) fn answer_to(&mut self, number: u64) -> PoolAnswer {
        loop {
            match self.next().expect("the link was closed") {
                FromPool::Answer { n, answer } if n == number => return answer,
                push => self.pushes.push(push),
            }
        }
    }

    pub(crate) fn log_in(&mut self, name: &str) -> Secret {
        let body = MachineMessage::LogIn {
            email: email(name).parse().unwrap(),
            password: TypedPassword::new(Secret::new(password(name))).unwrap(),
            os_user: None,
        };
        match self.ask(body) {
            PoolAnswer::LoggedIn { token, user, .. } => {
                assert_eq!(user.name, name);
                token
            }
            other => panic!("{other:?}"),
        }
    }

    /// A sign-on for the desktop client.
    pub(crate) fn sign_on(&mut self, sign_on: SignOn) -> Outcome {
        match self.ask(MachineMessage::SignOn(sign_on)) {
            PoolAnswer::Outcome { outcome } => outcome,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn renew(&mut self, renewal: Renewal) -> hotseat_protocol::link::Renewed {
        match self.ask(MachineMessage::Renew(renewal)) {
            PoolAnswer::Renewed(renewed) => renewed,
            other => panic!("{other:?}"),
        }
    }
}

/// A sign-on with a fresh request id.
pub(crate) fn sign_on(token: &Secret, anchor: &str) -> SignOn {
    SignOn {
        request: RequestId::from_random(hotseat_pool::fresh::bits()),
        token: token.clone(),
        pool: PoolId::new(POOL).unwrap(),
        client: None,
        anchor: Anchor::new(anchor).unwrap(),
        wait: None,
    }
}
