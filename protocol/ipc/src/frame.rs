//! A frame: a big-endian `u32` length, then that many bytes of one JSON value.

use std::io;
use std::marker::PhantomData;

use bytes::{Buf, BufMut, BytesMut};
use hotseat_protocol::version::{Frame, NoObject, Spoken, Unclear};
use thiserror::Error;
use tokio_util::codec::{Decoder, Encoder};

/// Bytes of the length before each frame.
const PREFIX_BYTES: usize = 4;

/// Why bytes are not a frame.
#[derive(Debug, Error)]
pub enum FrameError {
    /// The socket failed.
    #[error("the connection failed")]
    Io(#[from] io::Error),
    /// The peer announces, or we would send, more than the limit.
    #[error("a frame of {announced} bytes is over the limit of {limit}")]
    TooLong {
        /// The frame's length.
        announced: usize,
        /// The most that is allowed.
        limit: usize,
    },
    /// The bytes are no frame of any version.
    #[error("not a frame of this protocol: {0}")]
    NoObject(#[from] NoObject),
    /// A frame of ours has no JSON, which is a defect of its type.
    #[error("a frame cannot be written: {0}")]
    Unwritable(String),
}

/// Reads frames of type `In` and writes frames of type `Out`, none longer than its limit.
///
/// It speaks the newest version until it is told with [`FrameCodec::speak`] what the two ends
/// agreed on; greetings are the same in all.
#[derive(Debug)]
pub struct FrameCodec<In, Out> {
    bytes_max: usize,
    spoken: Spoken,
    types: PhantomData<fn(Out) -> In>,
}

impl<In, Out> FrameCodec<In, Out> {
    /// A codec with the largest frame, in bytes without the prefix.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        Self { bytes_max, spoken: Spoken::newest(), types: PhantomData }
    }

    /// Speaks this version from now on.
    pub fn speak(&mut self, version: Spoken) {
        self.spoken = version;
    }
}

impl<In: Frame, Out> Decoder for FrameCodec<In, Out> {
    type Item = Result<In, Unclear>;
    type Error = FrameError;

    fn decode(&mut self, bytes: &mut BytesMut) -> Result<Option<Self::Item>, FrameError> {
        let Some(prefix) = bytes.first_chunk::<PREFIX_BYTES>() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_be_bytes(*prefix)).unwrap_or(usize::MAX);
        if length > self.bytes_max {
            return Err(FrameError::TooLong { announced: length, limit: self.bytes_max });
        }
        let whole = PREFIX_BYTES + length;
        if bytes.len() < whole {
            // Never more than one frame is asked for ahead, whatever the peer announces.
            bytes.reserve(whole - bytes.len());
            return Ok(None);
        }
        let mut frame = bytes.split_to(whole);
        frame.advance(PREFIX_BYTES);
        Ok(Some(self.spoken.read(&frame)?))
    }
}

impl<In, Out: Frame> Encoder<&Out> for FrameCodec<In, Out> {
    type Error = FrameError;

    fn encode(&mut self, frame: &Out, bytes: &mut BytesMut) -> Result<(), FrameError> {
        let json = self.spoken.write(frame).map_err(|e| FrameError::Unwritable(e.to_string()))?;
        match u32::try_from(json.len()) {
            Ok(prefix) if json.len() <= self.bytes_max => {
                bytes.put_u32(prefix);
                bytes.put_slice(json.as_bytes());
                Ok(())
            }
            Ok(_) | Err(_) => {
                Err(FrameError::TooLong { announced: json.len(), limit: self.bytes_max })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use hotseat_protocol::version::{Number, Rename, negotiate};
    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(transparent)]
    struct Text(String);

    impl Frame for Text {
        const RENAMED: &'static [Rename] = &[];
        const NUMBERED: (&'static str, &'static str) = ("", "");
    }

    type Texts = FrameCodec<Text, Text>;

    fn encoded(texts: &[String]) -> BytesMut {
        let mut bytes = BytesMut::new();
        for text in texts {
            Texts::new(1024).encode(&Text(text.clone()), &mut bytes).unwrap();
        }
        bytes
    }

    proptest! {
        #[test]
        fn frames_survive_any_cut(texts in prop::collection::vec(".{0,40}", 0..8), cut in 1usize..9) {
            let whole = encoded(&texts);
            let mut codec = Texts::new(1024);
            let mut arrived = BytesMut::new();
            let mut read = Vec::new();
            for piece in whole.chunks(cut) {
                arrived.extend_from_slice(piece);
                while let Some(text) = codec.decode(&mut arrived).unwrap() {
                    read.push(text.unwrap().0);
                }
            }
            prop_assert_eq!(read, texts);
        }

        #[test]
        fn garbage_is_an_error_or_a_wait_but_never_a_panic(garbage in prop::collection::vec(any::<u8>(), 0..64)) {
            let mut bytes = BytesMut::from(&garbage[..]);
            let _ = Texts::new(32).decode(&mut bytes);
        }
    }

    #[test]
    fn a_frame_over_the_limit_is_refused_before_it_is_read() {
        let mut bytes = BytesMut::from(&u32::MAX.to_be_bytes()[..]);
        let error = Texts::new(1024).decode(&mut bytes).unwrap_err();
        assert!(matches!(error, FrameError::TooLong { limit: 1024, .. }), "{error:?}");
        assert!(bytes.capacity() < 4096);
    }

    #[test]
    fn a_frame_over_the_limit_is_not_sent_and_leaves_nothing_behind() {
        let mut bytes = encoded(&["before".to_owned()]);
        let before = bytes.clone();
        let error = Texts::new(8).encode(&Text("far too long".to_owned()), &mut bytes).unwrap_err();
        assert!(matches!(error, FrameError::TooLong { limit: 8, .. }), "{error:?}");
        assert_eq!(bytes, before);
    }

    #[test]
    fn a_request_that_cannot_be_read_is_told_with_its_id() {
        use hotseat_protocol::ipc::{FromBroker, ToBroker};
        let mut codec = FrameCodec::<ToBroker, FromBroker>::new(1024);
        let mut read = |frame: &str| {
            let mut bytes = BytesMut::new();
            bytes.put_u32(u32::try_from(frame.len()).unwrap());
            bytes.put_slice(frame.as_bytes());
            codec.decode(&mut bytes)
        };
        let bad = r#"{"type":"request","id":7,"request":{"kind":"keep","pool":"No Name"}}"#;
        let unreadable = read(bad).unwrap().unwrap().unwrap_err();
        assert_eq!(unreadable.number, Number::Some(7));
        assert!(unreadable.why.contains("No Name"), "{unreadable:?}");
        let without_id = r#"{"type":"request","id":-7,"request":{"kind":"view"}}"#;
        let unreadable = read(without_id).unwrap().unwrap().unwrap_err();
        assert_eq!(unreadable.number, Number::Odd((-7).into()));
        assert!(matches!(read("[]"), Err(FrameError::NoObject(_))));
    }

    #[test]
    fn a_peer_of_version_1_hears_and_says_its_own_names() {
        use hotseat_protocol::ids::PoolId;
        use hotseat_protocol::ipc::{FromBroker, Notice, Request, ToBroker};
        let pool = PoolId::new("infor-crm").unwrap();
        let mut broker = FrameCodec::<ToBroker, FromBroker>::new(1024);
        broker.speak(negotiate(1).unwrap());
        let mut bytes = BytesMut::new();
        let notice = Notice::PoolReachable { pool: pool.clone() };
        broker.encode(&FromBroker::Notice { notice }, &mut bytes).unwrap();
        let text = String::from_utf8_lossy(&bytes[PREFIX_BYTES..]);
        assert!(text.contains(r#""kind":"pool_back""#), "{text}");
        let mut bytes = BytesMut::new();
        let asked = r#"{"type":"request","id":7,"request":{"kind":"seen","pool":"infor-crm"}}"#;
        bytes.put_u32(u32::try_from(asked.len()).unwrap());
        bytes.put_slice(asked.as_bytes());
        let request = Request::AcknowledgeLoss { pool };
        assert_eq!(
            broker.decode(&mut bytes).unwrap(),
            Some(Ok(ToBroker::Request { id: 7, request }))
        );
    }
}
