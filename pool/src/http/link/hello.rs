//! The greeting of a link, up to the machine's first message, from which on the link counts.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, close_code};
use hotseat_protocol::ids::{Generation, MachineId, Secret};
use hotseat_protocol::link::{FromPool, JournalPosition, LinkHello, ToPool};
use hotseat_protocol::problem::{Code, Problem};
use hotseat_protocol::version::{Spoken, Unclear, negotiate};
use hotseat_rules::{Mono, Position};
use tokio::time::timeout;

use super::frames::{End, send};
use super::lease::RenewsBy;
use crate::engine::Following;
use crate::http::app::App;
use crate::http::error::ApiError;
use crate::links::greeting::{Verdict, Welcomed};
use crate::links::registry::Candidate;
use crate::links::{Counted, secrets};
use crate::stated::stated_ms;

/// A broker greets at once.
const HELLO_WITHIN: Duration = Duration::from_secs(5);
/// Its first message comes when the new secret is durable: a busy disk takes a few seconds.
const FIRST_MESSAGE_WITHIN: Duration = Duration::from_secs(30);
/// The lease told to a machine as long as there is no pool.
const USUAL_LEASE: Duration = Duration::from_secs(90);

/// A link that counts.
pub(super) struct Greeted {
    /// The version that both ends speak.
    pub(super) spoken: Spoken,
    pub(super) following: Following,
    pub(super) counted: Counted,
    pub(super) generation: Generation,
    /// The number of the secret that now counts.
    pub(super) secret: u64,
    /// By which lease the machine renews.
    pub(super) renews_by: RenewsBy,
    /// The machine's first message.
    pub(super) first: Message,
}

/// What the pool was when the machine greeted.
struct Standing {
    position: Position,
    /// The shortest lease of a pool, as machines are told, and the longest that one of them may
    /// have been told of.
    leases: (Duration, Duration),
}

/// Reads the greeting, answers it, and waits for the first message.
pub(super) async fn greet(
    app: &App,
    machine: MachineId,
    socket: &mut WebSocket,
) -> Result<Greeted, End> {
    let Ok(hello) = timeout(HELLO_WITHIN, socket.recv()).await else {
        return Err(End::Close(close_code::POLICY, "no greeting came in time"));
    };
    let Some(Ok(Message::Text(hello))) = hello else { return Err(End::Gone) };
    let LinkHello { version, machine: greeted, boot_id, seen, seal, secret, follows_lease, .. } =
        understood(socket, hello.as_bytes()).await?;
    if greeted != machine {
        let detail = "The greeting is another machine's than the credential.";
        let next = "Enrol this machine: its state directory may be a copy.";
        return refuse(socket, Problem::new(Code::NotAllowed, detail, next)).await;
    }
    let Some(spoken) = negotiate(version) else {
        let detail = match version {
            0 => "The greeting names no version of the link.".to_owned(),
            _ => format!("This pool server does not speak version {version} of the link."),
        };
        let next = "Install a broker of the pool server's version.";
        return refuse(socket, Problem::new(Code::AnotherVersion, detail, next)).await;
    };
    if let Some(poison) = app.engine.halted() {
        return refuse(socket, ApiError::halted(poison).into_problem()).await;
    }
    compare_positions(app, machine, seen, seal).await?;
    let standing = match standing(app).await {
        Ok(standing) => standing,
        Err(problem) => return refuse(socket, problem).await,
    };
    let generation = standing.position.generation;
    let (judged, beside) = (app.clock.mono(), app.links.up(machine));
    let shown = (secret.as_ref(), boot_id.as_str());
    let verdict = verdict(app, machine, &standing, shown, judged).await?;
    let Verdict::Welcome(Welcomed { answered, void }) = verdict else {
        return refuse(socket, cloned()).await;
    };
    if void {
        warn_of_an_older_secret(machine);
    }
    let (key, lease_ms) = (app.directory.position_key(), stated_ms(standing.leases.0));
    let welcome = FromPool::Welcome {
        version: spoken.number(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        position: JournalPosition::new(generation, standing.position.seq),
        lease_ms,
        seal: Some(key.seal(standing.position)),
        secret: Some(secrets::secret(key, machine, generation, answered)),
        void,
    };
    send(socket, &welcome, spoken).await?;
    let first = first_message(socket).await?;
    let older = void.then_some(judged);
    let candidate = Candidate { machine, generation, boot_id, answered, older, beside };
    let Some(counted) = app.links.count(candidate, app.clock.mono()) else {
        return Err(End::Close(close_code::POLICY, "another link of this machine came first"));
    };
    // From here on an older link of this machine is closed.
    let following = app.engine.snapshot_and_follow(machine).await.map_err(try_again)?;
    let renews_by = RenewsBy::of(follows_lease, lease_ms);
    Ok(Greeted { spoken, following, counted, generation, secret: answered, renews_by, first })
}

/// The greeting of a first frame; any other frame is refused.
async fn understood(socket: &mut WebSocket, frame: &[u8]) -> Result<LinkHello, End> {
    let detail = match Spoken::newest().read(frame) {
        Ok(Ok(ToPool::Hello(hello))) => return Ok(hello),
        Ok(Ok(ToPool::Message { .. } | ToPool::Unknown)) => {
            "The first frame is not a greeting.".to_owned()
        }
        Ok(Err(Unclear { why, .. })) => format!("The first frame is not a greeting: {why}."),
        Err(no_object) => format!("The first frame is not a greeting: {no_object}."),
    };
    refuse(socket, Problem::new(Code::Invalid, detail, "")).await
}

/// Closes a link whose broker may come back at once, whatever it was that failed.
fn try_again<E>(_: E) -> End {
    End::Close(close_code::AGAIN, "try again")
}

/// Looks whether the machine has seen more of this store's history than the store has.
async fn compare_positions(
    app: &App,
    machine: MachineId,
    seen: Option<JournalPosition>,
    seal: Option<String>,
) -> Result<(), End> {
    let (Some(seen), Some(seal)) = (seen, seal) else { return Ok(()) };
    let position = Position { generation: Generation(seen.generation), seq: seen.seq };
    if !app.directory.position_key().is_sealed(position, &seal) {
        tracing::warn!(%machine, ?seen, "a machine shows a journal position that this store never sealed; it counts as none");
        return Ok(());
    }
    let told = app.engine.machine_is_ahead(machine, position.generation, position.seq).await;
    match told {
        Ok(None) => Ok(()),
        Ok(Some(recovering)) => {
            tracing::debug!(%machine, ?recovering, "a link while nothing is granted");
            Ok(())
        }
        Err(error) => {
            tracing::error!(%machine, %error, "this machine may have seen more than the journal has, and that cannot be written down");
            Err(End::Close(close_code::AGAIN, "try again"))
        }
    }
}

async fn standing(app: &App) -> Result<Standing, Problem> {
    let read = app.read(|view| {
        let leases = view.state.pools().map(|pool| pool.definition.lease);
        let shortest = leases.min().unwrap_or(USUAL_LEASE);
        let longest = view.state.longest_lease(false);
        let position = Position { generation: view.state.generation(), seq: view.state.seq() };
        Standing { position, leases: (shortest, longest) }
    });
    read.await.map_err(ApiError::into_problem)
}

/// Judges the greeting; a ping that must go unanswered has been sent when this returns.
async fn verdict(
    app: &App,
    machine: MachineId,
    standing: &Standing,
    (secret, boot_id): (Option<&Secret>, &str),
    now: Mono,
) -> Result<Verdict, End> {
    let generation = standing.position.generation;
    if !app.links.knows(machine, generation) {
        let record = app.directory.link_record(machine, generation).await;
        let record = record.map_err(|_| End::Close(close_code::AGAIN, "try again"))?;
        app.links.learn(machine, generation, record);
    }
    let key = app.directory.position_key();
    let shown = secret.and_then(|secret| secrets::number(key, machine, generation, secret));
    let now = (now, standing.leases.1);
    let verdict = match app.links.judge(machine, shown, boot_id, now) {
        Verdict::PingFirst(_) if app.links.answers_ping(machine).await => Verdict::Cloned,
        Verdict::PingFirst(welcomed) => Verdict::Welcome(welcomed),
        verdict @ (Verdict::Welcome(_) | Verdict::Cloned) => verdict,
    };
    if verdict == Verdict::Cloned {
        note_clone(app, machine).await;
    }
    Ok(verdict)
}

fn warn_of_an_older_secret(machine: MachineId) {
    tracing::warn!(%machine, "an older link secret: this machine was put back from a backup, or is a clone of one that is gone; what an earlier broker left it does not count");
}

async fn note_clone(app: &App, machine: MachineId) {
    let at = app.clock.wall();
    if !app.links.clone_refused(machine, app.clock.mono(), at) {
        return;
    }
    tracing::warn!(%machine, "two computers use this machine's enrolment; one of them was refused. Enrol one of them anew: `hotseat-pool machine list` says how");
    if let Err(error) = app.directory.note_clone(machine, at).await {
        tracing::error!(%machine, %error, "that a clone was seen could not be written down");
    }
}

fn cloned() -> Problem {
    let detail = "Another computer is at work with this computer's enrolment: one of the two is a \
                  clone of the other, or was put back from a backup.";
    let next = "Ask an administrator to enrol this computer again: `hotseat-pool machine invite`, \
                then here, as root, `hotseat-broker enroll --force --server URL`.";
    Problem::new(Code::MachineCloned, detail, next)
}

/// Waits for the first text; what else comes is a sign of life.
async fn first_message(socket: &mut WebSocket) -> Result<Message, End> {
    let reading = async {
        loop {
            match socket.recv().await {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(message)) => return Ok(message),
                Some(Err(_)) | None => return Err(End::Gone),
            }
        }
    };
    let late = End::Close(close_code::POLICY, "no first message came in time");
    timeout(FIRST_MESSAGE_WITHIN, reading).await.map_err(|_| late)?
}

async fn refuse<T>(socket: &mut WebSocket, problem: Problem) -> Result<T, End> {
    // No refusal of a greeting has a name that differs between the versions.
    send(socket, &FromPool::Refused { problem }, Spoken::newest()).await?;
    Err(End::Close(close_code::POLICY, "refused"))
}
