//! A program of this computer that writes whatever it likes to the broker's socket.

use bytes::BytesMut;
use hotseat_broker_core::ConnectionId;
use hotseat_ipc::frame::FrameCodec;
use hotseat_protocol::ipc::{FromBroker, IPC_FRAME_BYTES_MAX, ToBroker};
use hotseat_protocol::quantity::IdleSeconds;
use tokio_util::codec::Decoder as _;

use super::desk::Desk;

/// As many frames are looked at.
const FRAMES_MAX: usize = 64;
/// Then so much time passes, in ms: every limit of the core is below it.
const AFTERWARDS_MS: u64 = 10 * 60 * 1000;

/// A stream of frames, as it comes from a socket, in pieces whose size the first byte says.
///
/// Nothing panics, every request is answered at most once, nobody is believed to hold a seat for
/// longer than a lease, and the broker goes on.
pub fn ipc_frames(bytes: &[u8]) {
    let Some((cut, stream)) = bytes.split_first() else {
        return;
    };
    let mut program = Program { desk: Desk::new(), connection: None };
    let mut codec = FrameCodec::<ToBroker, FromBroker>::new(IPC_FRAME_BYTES_MAX);
    let mut arrived = BytesMut::new();
    let mut frames = 0;
    'stream: for piece in stream.chunks(usize::from(*cut) + 1) {
        arrived.extend_from_slice(piece);
        loop {
            match codec.decode(&mut arrived) {
                Ok(Some(Ok(frame))) => program.says(frame),
                // It is answered, and changes nothing.
                Ok(Some(Err(_))) => {}
                Ok(None) => break,
                // The connection is closed, as the session does.
                Err(_) => break 'stream,
            }
            frames += 1;
            if frames == FRAMES_MAX {
                break 'stream;
            }
        }
        let room = IPC_FRAME_BYTES_MAX + 2 * stream.len() + 64;
        assert!(arrived.capacity() <= room, "{} bytes are held", arrived.capacity());
    }
    program.ends();
}

struct Program {
    desk: Desk,
    connection: Option<ConnectionId>,
}

impl Program {
    fn says(&mut self, frame: ToBroker) {
        match (frame, self.connection) {
            // A second greeting closes the connection, as the session does.
            (ToBroker::Hello(hello), before) => {
                if let Some(before) = before {
                    self.desk.close(before);
                }
                self.connection = Some(self.desk.open(hello));
            }
            (ToBroker::Request { id, request }, Some(connection)) => {
                self.desk.ask(connection, id, request);
            }
            (ToBroker::Idle { idle_s, locked }, Some(connection)) => {
                self.desk.idle(connection, idle_s.map(IdleSeconds::get), locked);
            }
            // What comes before the greeting, and what needs no answer, never reaches the core.
            (ToBroker::Request { .. } | ToBroker::Idle { .. }, None)
            | (ToBroker::Pong { .. } | ToBroker::Unknown, _) => {}
        }
        self.desk.pool_agrees();
        self.desk.look();
        self.desk.nobody_believes_too_long();
    }

    fn ends(mut self) {
        self.desk.pass(1_000);
        self.desk.pool_agrees();
        if let Some(connection) = self.connection {
            self.desk.close(connection);
        }
        self.desk.pass(AFTERWARDS_MS);
        self.desk.look();
        self.desk.nobody_believes_too_long();
    }
}
