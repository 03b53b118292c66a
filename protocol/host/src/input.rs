//! What comes in from outside, a terminal, a pipe or a file, is read up to a named limit: whatever
//! is at the other end (`< /dev/zero`), memory is bounded.

use std::fs::File;
use std::io::{self, BufRead, ErrorKind, Read};
use std::path::Path;

use zeroize::Zeroizing;

use crate::in_the_way::{Needed, explained};
use crate::platform;

/// The longest password that is read, in bytes. The pool server takes fewer.
pub const PASSWORD_BYTES_MAX: usize = 4 * 1024;

/// Reads a line, without its end; none at the end of the input.
///
/// # Errors
///
/// [`ErrorKind::FileTooLarge`] when it has more than `bytes_max` bytes, [`ErrorKind::InvalidData`]
/// when it is not UTF-8, and what the operating system says.
pub fn line(input: impl BufRead, bytes_max: usize) -> io::Result<Option<Zeroizing<String>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    // One more for the line's end, and one to notice that it is longer.
    let room = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(2);
    if input.take(room).read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() > bytes_max {
        return Err(too_long("the line", bytes_max));
    }
    as_text(line).map(Some)
}

/// Reads everything.
///
/// # Errors
///
/// As [`line()`], about the whole.
pub fn text(input: impl Read, bytes_max: usize) -> io::Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::new());
    let room = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    input.take(room).read_to_end(&mut bytes)?;
    if bytes.len() > bytes_max {
        return Err(too_long("it", bytes_max));
    }
    as_text(&bytes)
}

/// Reads a file of configuration or state: a pipe, at which nobody may ever write, or a device is refused and not waited for.
///
/// # Errors
///
/// As [`text`], and when it cannot be opened or is not a regular file.
pub fn file(path: &Path, bytes_max: usize) -> io::Result<Zeroizing<String>> {
    let file = platform::open_regular(path);
    text(file.map_err(|error| explained(path, Needed::File, error))?, bytes_max)
}

/// Reads what a person names on the command line. It may be a pipe, which keeps a secret off the
/// disk (`<(vault …)`, `/dev/stdin`): whoever has typed the command is there to wait for it, or to
/// end it.
///
/// # Errors
///
/// As [`text`], and when it cannot be opened or is a directory.
pub fn named(path: &Path, bytes_max: usize) -> io::Result<Zeroizing<String>> {
    // It may be a socket, which cannot be opened by a name, or what another user has opened.
    if path == Path::new("/dev/stdin") {
        return text(io::stdin().lock(), bytes_max);
    }
    let told = |error| explained(path, Needed::FileOrPipe, error);
    text(File::open(path).map_err(told)?, bytes_max).map_err(told)
}

/// Returns the line and the letter in it, both from 1, at which a byte of a text stands.
#[must_use]
pub fn line_and_column(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// Asks for a password at the terminal, without showing what is typed. However the program ends or
/// stops meanwhile, by Ctrl-C, Ctrl-Z or another signal, the terminal shows again what is typed
/// afterwards. A program that goes on asks again.
///
/// # Errors
///
/// [`ErrorKind::UnexpectedEof`] when nothing was typed (Ctrl-D), [`ErrorKind::FileTooLarge`] above
/// [`PASSWORD_BYTES_MAX`], and what the operating system says.
pub fn password(prompt: &str) -> io::Result<Zeroizing<String>> {
    let typed = platform::password(prompt)?.ok_or(ErrorKind::UnexpectedEof)?;
    if typed.len() > PASSWORD_BYTES_MAX {
        return Err(too_long("the password", PASSWORD_BYTES_MAX));
    }
    Ok(typed)
}

/// A text that should have been an address, as it may be shown: what stands before an `@` is likely
/// to be a user name and password.
#[must_use]
pub fn without_credentials(text: &str) -> String {
    let Some((before, rest)) = text.rsplit_once('@') else {
        return text.to_owned();
    };
    match before.split_once("://") {
        Some((scheme, _)) => format!("{scheme}://…@{rest}"),
        None => format!("…@{rest}"),
    }
}

fn too_long(what: &str, bytes_max: usize) -> io::Error {
    let text = format!("{what} is longer than {bytes_max} bytes");
    io::Error::new(ErrorKind::FileTooLarge, text)
}

fn as_text(bytes: &[u8]) -> io::Result<Zeroizing<String>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(error) => Err(io::Error::new(ErrorKind::InvalidData, error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_where_it_ends_and_no_longer_one_is_taken() {
        let read = |bytes: &[u8]| line(bytes, 4).map(|line| line.map(|line| line.to_string()));
        assert_eq!(read(b"").unwrap(), None);
        assert_eq!(read(b"\nb").unwrap().as_deref(), Some(""));
        assert_eq!(read(b"abcd").unwrap().as_deref(), Some("abcd"));
        assert_eq!(read(b"abcd\r\nx").unwrap().as_deref(), Some("abcd"));
        assert_eq!(read(b"abcde").unwrap_err().kind(), ErrorKind::FileTooLarge);
        assert_eq!(read(b"abcde\n").unwrap_err().kind(), ErrorKind::FileTooLarge);
        assert_eq!(read(b"\xff\n").unwrap_err().kind(), ErrorKind::InvalidData);
    }

    #[test]
    fn an_address_is_shown_without_what_may_be_a_password() {
        for (typed, shown) in [
            ("https://seats.example", "https://seats.example"),
            ("https://lucy:hunter2@seats.example", "https://…@seats.example"),
            ("https://lucy:hun@ter2@seats.example", "https://…@seats.example"),
            ("lucy:hunter2@seats.example", "…@seats.example"),
        ] {
            assert_eq!(without_credentials(typed), shown);
        }
    }

    #[test]
    fn a_place_in_a_text_is_told_by_line_and_letter() {
        for (byte, place) in [(0, (1, 1)), (2, (1, 3)), (3, (2, 1)), (6, (2, 3)), (99, (2, 4))] {
            assert_eq!(line_and_column("ab\nü=c", byte), place, "{byte}");
        }
    }

    #[test]
    fn an_input_without_end_is_read_up_to_the_limit() {
        let endless = || io::BufReader::new(io::repeat(0));
        assert_eq!(line(endless(), 100).unwrap_err().kind(), ErrorKind::FileTooLarge);
        let said = text(endless(), 100).unwrap_err();
        assert_eq!(said.to_string(), "it is longer than 100 bytes");
        assert_eq!(text(&b"four"[..], 4).unwrap().as_str(), "four");
    }
}
