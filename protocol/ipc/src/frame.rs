//! A frame: a big-endian `u32` length, then that many bytes of one JSON value.

use std::io;
use std::marker::PhantomData;

use bytes::{Buf, BufMut, BytesMut};
use serde::Serialize;
use serde::de::DeserializeOwned;
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
    /// The bytes are not the JSON that this side expects; the text says where.
    #[error("not a frame of this protocol: {0}")]
    NotJson(String),
}

/// Reads frames of type `In` and writes frames of type `Out`, none longer than its limit.
#[derive(Debug)]
pub struct FrameCodec<In, Out> {
    bytes_max: usize,
    types: PhantomData<fn(Out) -> In>,
}

impl<In, Out> FrameCodec<In, Out> {
    /// A codec with the largest frame, in bytes without the prefix.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        Self { bytes_max, types: PhantomData }
    }
}

impl<In: DeserializeOwned, Out> Decoder for FrameCodec<In, Out> {
    type Item = In;
    type Error = FrameError;

    fn decode(&mut self, bytes: &mut BytesMut) -> Result<Option<In>, FrameError> {
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
        serde_json::from_slice(&frame).map(Some).map_err(|e| FrameError::NotJson(e.to_string()))
    }
}

impl<In, Out: Serialize> Encoder<&Out> for FrameCodec<In, Out> {
    type Error = FrameError;

    fn encode(&mut self, frame: &Out, bytes: &mut BytesMut) -> Result<(), FrameError> {
        let start = bytes.len();
        bytes.put_u32(0);
        if let Err(e) = serde_json::to_writer((&mut *bytes).writer(), frame) {
            bytes.truncate(start);
            return Err(FrameError::NotJson(e.to_string()));
        }
        let length = bytes.len() - start - PREFIX_BYTES;
        match u32::try_from(length) {
            Ok(prefix) if length <= self.bytes_max => {
                bytes[start..start + PREFIX_BYTES].copy_from_slice(&prefix.to_be_bytes());
                Ok(())
            }
            Ok(_) | Err(_) => {
                bytes.truncate(start);
                Err(FrameError::TooLong { announced: length, limit: self.bytes_max })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Texts = FrameCodec<String, String>;

    fn encoded(texts: &[String]) -> BytesMut {
        let mut bytes = BytesMut::new();
        for text in texts {
            Texts::new(1024).encode(text, &mut bytes).unwrap();
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
                    read.push(text);
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
        let error = Texts::new(8).encode(&"far too long".to_owned(), &mut bytes).unwrap_err();
        assert!(matches!(error, FrameError::TooLong { limit: 8, .. }), "{error:?}");
        assert_eq!(bytes, before);
    }
}
