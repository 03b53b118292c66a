//! One link, from the first attempt to its end.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use hotseat_broker_core::LinkId;
use hotseat_protocol::ids::Secret;
use hotseat_protocol::link::{FromPool, JournalPosition, LINK_FRAME_BYTES_MAX, LinkHello, ToPool};
use hotseat_protocol::problem::Problem;
use hotseat_protocol::version::{OLDEST_VERSION, PROTOCOL_VERSION, Spoken, negotiate};
use tokio::time::{Interval, MissedTickBehavior};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::failure::Failure;
use super::memory::writes;
use super::understood::understood;
use super::{Keeper, LinkEvent, Outgoing};
use crate::reach::Wire;

/// Read in pieces of this size: frames are small, and the default is 128 KiB for each machine.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// After sleep, a pool that does not answer a ping in this time is not there.
const LOOK_WITHIN: Duration = Duration::from_secs(5);

/// How long things may take. A link must be known to be dead, and made anew, well within T/3.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Connection, TLS, HTTP and the greeting, each.
    pub step_within: Duration,
    /// A ping this often.
    pub ping_every: Duration,
    /// Pings without any sign of life after which the link is dead.
    pub pings_unanswered: u32,
}

impl Default for Pace {
    /// 10 s a step; a ping every 15 s, dead after 30 s.
    fn default() -> Self {
        Self {
            step_within: Duration::from_secs(10),
            ping_every: Duration::from_secs(15),
            pings_unanswered: 2,
        }
    }
}

type Socket = WebSocketStream<Wire>;

/// What the pool said to the greeting.
struct Welcome {
    lease_ms: u64,
    position: JournalPosition,
    seal: Option<String>,
    secret: Option<Secret>,
    void: bool,
    spoken: Spoken,
}

/// How a link ended.
pub(super) struct Outcome {
    /// Why; none when the broker ends.
    pub(super) cause: Option<Problem>,
    /// Whether the link lived long enough to be believed in.
    pub(super) proven: bool,
    /// How long the pool server asks to wait.
    pub(super) retry_after: Option<Duration>,
}

impl Keeper {
    /// Makes a link and serves it to its end.
    pub(super) async fn one_link(&mut self) -> Outcome {
        let lifecycle = self.lifecycle.clone();
        let mut proven = false;
        let failure = tokio::select! {
            result = self.attempt(&mut proven) => result.err(),
            () = lifecycle.stopping() => None,
        };
        Outcome {
            cause: failure.as_ref().map(|f| f.problem(&self.target.server)),
            proven,
            retry_after: failure.as_ref().and_then(Failure::retry_after),
        }
    }

    /// Ends without an error when the broker does.
    async fn attempt(&mut self, proven: &mut bool) -> Result<(), Failure> {
        let step = self.pace.step_within;
        let connecting = tokio::time::timeout(step, self.connect()).await;
        let mut socket = connecting.map_err(|_| Failure::Silent("take the connection"))??;
        let greeting = tokio::time::timeout(step, self.greet(&mut socket)).await;
        let Welcome { lease_ms, position, seal, secret, void, spoken } =
            greeting.map_err(|_| Failure::Silent("greet"))??;
        // The first message says that it is durable.
        self.memory.shown.welcomed(position, seal, secret);
        self.memory.save().await;
        if void {
            tracing::error!(
                "the pool says that this machine's state is an older copy, of a clone or a backup: seats that were left in it are given up"
            );
            if self.events.send(LinkEvent::Void).await.is_err() {
                return Ok(());
            }
        }
        self.last_link += 1;
        let link = LinkId(self.last_link);
        tracing::info!(link = link.0, server = %self.target.server, "linked to the pool");
        let up = LinkEvent::Up { link, lease_ms, position };
        if self.events.send(up).await.is_err() {
            return Ok(());
        }
        let lifecycle = self.lifecycle.clone();
        tokio::select! {
            result = self.serve(&mut socket, (link, spoken), proven) => result,
            () = lifecycle.stopping() => {
                self.memory.save().await;
                // A courtesy: the pool then need not find out by its pings.
                let _ = tokio::time::timeout(Duration::from_millis(200), socket.close(None)).await;
                Ok(())
            }
        }
    }

    async fn connect(&self) -> Result<Socket, Failure> {
        let mut request = self.target.server.link().into_client_request()?;
        let bearer = format!("Bearer {}", self.target.credential.expose());
        let mut bearer = HeaderValue::from_str(&bearer)
            .map_err(|_| Failure::Strange("the credential is not a header".to_owned()))?;
        bearer.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, bearer);
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .max_message_size(Some(LINK_FRAME_BYTES_MAX))
            .max_frame_size(Some(LINK_FRAME_BYTES_MAX));
        let wire = self.reach.open(&self.target.server).await?;
        let (socket, _) = client_async_with_config(request, wire, Some(config)).await?;
        Ok(socket)
    }

    async fn greet(&self, socket: &mut Socket) -> Result<Welcome, Failure> {
        let shown = self.memory.shown.now();
        let hello = ToPool::Hello(LinkHello {
            version: PROTOCOL_VERSION,
            program: self.target.program.clone(),
            machine: self.target.machine,
            boot_id: self.target.boot_id.clone(),
            seen: shown.seen.as_ref().map(|(position, _)| *position),
            seal: shown.seen.as_ref().map(|(_, seal)| seal.clone()),
            secret: shown.secret.clone(),
            follows_lease: true,
        });
        let newest = Spoken::newest();
        socket.send(text(&hello, newest)?).await?;
        loop {
            let Some(frame) = read(socket, newest).await? else {
                continue;
            };
            match frame {
                FromPool::Welcome { version, lease_ms, position, seal, secret, void, .. } => {
                    let lease_ms = lease_ms.get();
                    let spoken = spoken(version);
                    return Ok(Welcome { lease_ms, position, seal, secret, void, spoken });
                }
                FromPool::Refused { problem } => return Err(Failure::Refused(Box::new(problem))),
                FromPool::Unknown => {}
                FromPool::Answer { .. }
                | FromPool::AnswerToOdd { .. }
                | FromPool::Snapshot { .. }
                | FromPool::Changed { .. }
                | FromPool::Sealed { .. }
                | FromPool::CloneSeen { .. }
                | FromPool::LogIns { .. }
                | FromPool::WarnIdle { .. }
                | FromPool::Kept { .. } => {
                    return Err(Failure::Strange("it did not greet first".to_owned()));
                }
            }
        }
    }

    async fn serve(
        &mut self,
        socket: &mut Socket,
        (link, spoken): (LinkId, Spoken),
        proven: &mut bool,
    ) -> Result<(), Failure> {
        let mut pings = pings(self.pace.ping_every);
        let mut writes = writes();
        // Pings since the last sign of life.
        let mut silent = 0;
        loop {
            tokio::select! {
                frame = read(socket, spoken) => {
                    let frame = frame?;
                    *proven |= silent > 0;
                    silent = 0;
                    if let Some(frame) = frame {
                        if let FromPool::Sealed { position, seal } = frame {
                            self.memory.shown.sealed(position, seal);
                            continue;
                        }
                        let event = LinkEvent::Frame { link, frame };
                        if self.events.send(event).await.is_err() {
                            return Ok(());
                        }
                    }
                }
                outgoing = self.outgoing.recv() => match outgoing {
                    Some(outgoing) if outgoing.link == link => self.write(socket, outgoing, spoken).await?,
                    // It was for an earlier link.
                    Some(_) => {}
                    None => return Ok(()),
                },
                _ = pings.tick() => {
                    if silent >= self.pace.pings_unanswered {
                        return Err(Failure::Silent("answer a ping"));
                    }
                    silent += 1;
                    self.ping(socket).await?;
                }
                _ = writes.tick() => self.memory.save_soon().await,
                () = self.nudges.look.notified() => {
                    silent = self.pace.pings_unanswered;
                    self.ping(socket).await?;
                    pings.reset_after(LOOK_WITHIN);
                }
                () = self.nudges.cut.notified() => return Err(Failure::Behind),
            }
        }
    }

    async fn write(
        &self,
        socket: &mut Socket,
        outgoing: Outgoing,
        spoken: Spoken,
    ) -> Result<(), Failure> {
        let Outgoing { n, body, .. } = outgoing;
        let message = text(&ToPool::Message { n, body }, spoken)?;
        self.send(socket, message).await
    }

    async fn ping(&self, socket: &mut Socket) -> Result<(), Failure> {
        self.send(socket, Message::Ping(Bytes::new())).await
    }

    async fn send(&self, socket: &mut Socket, message: Message) -> Result<(), Failure> {
        let sending = tokio::time::timeout(self.pace.step_within, socket.send(message)).await;
        sending.map_err(|_| Failure::Silent("take what it was sent"))??;
        Ok(())
    }
}

/// The version that a pool says it speaks here, one of those that can be: it was offered the newest
/// of this side, and whatever it says, the two have only the last two in common.
fn spoken(version: u32) -> Spoken {
    let nearest = version.clamp(OLDEST_VERSION, PROTOCOL_VERSION);
    if nearest != version {
        tracing::warn!(
            version,
            nearest,
            "the pool names a version that this broker does not speak"
        );
    }
    negotiate(nearest).unwrap_or(Spoken::newest())
}

fn pings(every: Duration) -> Interval {
    let mut pings = tokio::time::interval(every);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick of an interval comes at once; the greeting was a sign of life.
    pings.reset();
    pings
}

fn text(frame: &ToPool, spoken: Spoken) -> Result<Message, Failure> {
    let json = spoken.write(frame).map_err(|e| Failure::Strange(e.to_string()))?;
    if json.len() > LINK_FRAME_BYTES_MAX {
        let length = json.len();
        return Err(Failure::Strange(format!(
            "a frame of {length} bytes is over the limit of {LINK_FRAME_BYTES_MAX}"
        )));
    }
    Ok(Message::Text(json.into()))
}

/// The next frame; none for a sign of life that says nothing here.
async fn read(socket: &mut Socket, spoken: Spoken) -> Result<Option<FromPool>, Failure> {
    let message = socket.next().await.unwrap_or(Err(Error::ConnectionClosed))?;
    match message {
        Message::Text(json) => {
            understood(&json, spoken).map_err(|e| Failure::Strange(e.to_string()))
        }
        Message::Close(_) => Err(Failure::Closed),
        Message::Binary(_) => Err(Failure::Strange("it sent bytes instead of text".to_owned())),
        Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => Ok(None),
    }
}
