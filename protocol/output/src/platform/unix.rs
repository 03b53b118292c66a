//! Unix: the files themselves, because the standard library takes "bad file" for success and holds
//! a lock while it waits for a reader.

use std::io::{self, IsTerminal as _};
use std::os::fd::{AsFd, BorrowedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

pub(crate) fn write_stdout(bytes: &[u8]) -> io::Result<()> {
    write(io::stdout().as_fd(), bytes)
}

pub(crate) fn write_stderr(bytes: &[u8]) -> io::Result<()> {
    write(io::stderr().as_fd(), bytes)
}

pub(crate) fn stdout_goes_nowhere() -> bool {
    let device = |stat: rustix::fs::Stat| stat.st_rdev;
    let null = rustix::fs::stat("/dev/null").map(device);
    let ours = rustix::fs::fstat(io::stdout()).map(device);
    // Only devices have a number that is not 0.
    matches!((null, ours), (Ok(null), Ok(ours)) if null == ours && null != 0)
}

/// How often a wait for a reader looks whether the program is to end, in ms.
const LOOK_EVERY_MS: i64 = 100;

/// Waits until standard output takes a page, or has failed; false when `ending` is true before.
pub(crate) fn stdout_takes_more(ending: impl Fn() -> bool) -> io::Result<bool> {
    takes_more(io::stdout().as_fd(), ending)
}

fn takes_more(file: BorrowedFd<'_>, ending: impl Fn() -> bool) -> io::Result<bool> {
    let look = Timespec { tv_sec: 0, tv_nsec: LOOK_EVERY_MS * 1_000_000 };
    while !ending() {
        let mut files = [PollFd::from_borrowed_fd(file, PollFlags::OUT)];
        match poll(&mut files, Some(&look)) {
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => return Ok(true),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(false)
}

pub(crate) fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

fn write(file: BorrowedFd<'_>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(file, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            // Whoever shares this file has made it non-blocking; we wait all the same.
            Err(Errno::AGAIN) => {
                let mut files = [PollFd::from_borrowed_fd(file, PollFlags::OUT)];
                match poll(&mut files, None) {
                    Ok(_) | Err(Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_file_that_may_not_be_written_is_a_failure() {
        let file = tempfile::tempfile().unwrap();
        let path = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file));
        let read_only = OpenOptions::new().read(true).open(path).unwrap();
        assert!(write(read_only.as_fd(), b"text").is_err());
    }

    #[test]
    fn a_full_pipe_is_not_waited_for_once_the_program_is_to_end() {
        let (_reader, writer) = rustix::pipe::pipe().unwrap();
        assert!(takes_more(writer.as_fd(), || false).unwrap());
        rustix::io::ioctl_fionbio(&writer, true).unwrap();
        while rustix::io::write(&writer, &[b'x'; 4096]).is_ok() {}
        let looks = std::cell::Cell::new(0);
        let ending = || looks.replace(looks.get() + 1) == 2;
        assert!(!takes_more(writer.as_fd(), ending).unwrap());
    }

    #[test]
    fn a_full_pipe_that_does_not_wait_is_waited_for() {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        rustix::io::ioctl_fionbio(&writer, true).unwrap();
        let text = vec![b'x'; 1024 * 1024];
        let expected = text.len();
        let writing = std::thread::spawn(move || write(writer.as_fd(), &text));
        let mut got = Vec::new();
        std::fs::File::from(reader).read_to_end(&mut got).unwrap();
        writing.join().unwrap().unwrap();
        assert_eq!(got.len(), expected);
    }
}
