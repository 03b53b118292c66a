//! A broker that says what it likes to one program.

use std::path::PathBuf;

use futures_util::StreamExt as _;
use hotseat_ipc::frame::FrameCodec;
use hotseat_ipc::socket;
use hotseat_protocol::ipc::{FromBroker, IPC_FRAME_BYTES_MAX, ToBroker};
use interprocess::local_socket::ListenerOptions;
use interprocess::local_socket::tokio::{Listener, Stream, prelude::*};
use tokio::io::AsyncWriteExt as _;
use tokio_util::codec::Framed;

use crate::soon;

/// Its socket.
pub(crate) struct FakeBroker {
    listener: Listener,
    folder: tempfile::TempDir,
}

/// One program that is served.
pub(crate) struct Served {
    frames: Framed<Stream, FrameCodec<ToBroker, FromBroker>>,
}

impl FakeBroker {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("broker.sock");
        let options = ListenerOptions::new().name(socket::name(&path).unwrap());
        Self { listener: options.create_tokio().unwrap(), folder }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("broker.sock")
    }

    /// Takes a program and greets it with a version, which is a field of JSON.
    pub(crate) async fn serve(&self, version: &str) -> Served {
        let stream = soon("a program", self.accept()).await;
        let mut served =
            Served { frames: Framed::new(stream, FrameCodec::new(IPC_FRAME_BYTES_MAX)) };
        served.say(&format!(r#"{{"type":"hello",{version},"program":"fake"}}"#)).await;
        served.say(r#"{"type":"welcome","session":"fake"}"#).await;
        served
    }

    /// Takes a program, whose connection ends when what is returned is dropped.
    pub(crate) async fn accept(&self) -> Stream {
        self.listener.accept().await.unwrap()
    }
}

impl Served {
    pub(crate) async fn say(&mut self, json: &str) {
        let length = u32::try_from(json.len()).unwrap();
        let stream = self.frames.get_mut();
        // The program may have left; what it does then is looked at where it is.
        let _ = stream.write_all(&length.to_be_bytes()).await;
        let _ = stream.write_all(json.as_bytes()).await;
    }

    /// The id of the next request.
    pub(crate) async fn request(&mut self) -> u64 {
        loop {
            match soon("a request", self.frames.next()).await {
                Some(Ok(Ok(ToBroker::Request { id, .. }))) => return id,
                Some(Ok(_)) => {}
                other => panic!("expected a request, not {other:?}"),
            }
        }
    }
}
